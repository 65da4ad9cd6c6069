"""Types of members that pydantic does not know, each with what it says of a wrong value."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from streams.api.json import Number
from streams.domain.arguments import MAX_INTEGER, MIN_INTEGER, parse_integer
from streams.domain.errors import InvalidCommand


def between(lowest: int, highest: int) -> AfterValidator:
    """An integer from one to the other, both included."""

    def check(number: int) -> int:
        if lowest <= number <= highest:
            return number
        raise _outside(lowest, highest)

    return AfterValidator(check)


def _outside(lowest: int, highest: int) -> ValueError:
    return ValueError(f"must be between {lowest} and {highest}")


def _no_integer(text: str) -> ValueError:
    if _INTEGER.match(text):
        return _outside(MIN_INTEGER, MAX_INTEGER)
    return ValueError("must be an integer")


_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")


def _written_integer(value: Any) -> str:
    """The text of an integer, of however many digits; of any other value none."""
    text = value.decode() if isinstance(value, Number) else str(value) if type(value) is int else ""
    return text if _INTEGER.match(text) else ""


def _integer(value: Any) -> int:
    if type(value) is int and MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise _no_integer(_written_integer(value))


def _text_or_integer(value: Any) -> str:
    if isinstance(value, str):
        return value
    if text := _written_integer(value):
        return text
    raise ValueError("must be a string or an integer")


def _query_integer(text: str) -> int:
    try:
        return parse_integer(text)
    except InvalidCommand as error:
        raise _no_integer(text) from error


def _query_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


Integer = Annotated[int, BeforeValidator(_integer)]
"""A number of 64 bits."""

TextOrInteger = Annotated[str, BeforeValidator(_text_or_integer)]
"""A text, which may be written as an integer."""

QueryInteger = Annotated[int, BeforeValidator(_query_integer)]
"""A parameter's text that is an integer of 64 bits."""

QueryBoolean = Annotated[bool, BeforeValidator(_query_boolean)]
"""A parameter's text that is `true` or `false`."""
