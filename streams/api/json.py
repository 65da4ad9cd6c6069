"""Reads and writes JSON by the rules of docs/http-api.md: UTF-8, no doubled member, exact numbers.

What is JSON, orjson decides. It forgets some things, though: doubled members, and how a number
was written. A body that may hold such is read a second time, with the standard library.
"""

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from typing import Any

import orjson

from streams.api.naming import Path, member_at

MAX_NESTING = 128
"""How many levels of objects and lists a text may have."""


class InvalidJson(ValueError):
    """The text is not JSON."""


class TooDeeplyNested(ValueError):
    """The text has more levels than `MAX_NESTING`."""

    def __init__(self) -> None:
        super().__init__(f"at most {MAX_NESTING} levels of objects and lists")


class DuplicateMember(ValueError):
    """An object has a member twice; the argument is its name."""


Number = bytes
"""A number that Python would write in another way, as it stood in the text: in ASCII.

No other value out of JSON is bytes, and Python's garbage collector passes over them: a body may
hold millions of numbers.
"""

_number_of = partial(Number, encoding="ascii")


def dumps(value: Any) -> bytes:
    """The value as JSON; an orjson.Fragment goes through as it is."""
    return orjson.dumps(value)


def rewritten(value: Any) -> str:
    """What `loads` read, as JSON without white space between tokens; numbers as they stood."""
    return orjson.dumps(value, default=_as_it_stood).decode()


def loads(text: bytes) -> Any:
    """Read JSON: as Python's own values, or `Number` where those would lose how it was written.

    Raises InvalidJson, TooDeeplyNested, DuplicateMember.
    """
    value = _read(text)
    # Each member costs a colon, so as many members as colons means that none was lost.
    is_whole = text.count(b":") == _count_members(value, MAX_NESTING)
    if is_whole and not (b"-0" in text and _MINUS_ZERO.search(text)):
        return value
    return _read_to_the_letter(text.decode())


_MINUS_ZERO = re.compile(rb"-0(?:[\s,\]}]|\Z)")
"""The one integer of up to 64 bits that orjson reads as another; or an end of a string."""

_UNSURE = math.nan
"""The members of what holds a float: as many as no text has colons.

orjson makes floats of integers beyond 64 bits, too.
"""


def _count_members(value: Any, levels: int) -> float:
    """How many members all objects in it have, or `_UNSURE`. Raises TooDeeplyNested."""
    if not levels:
        raise TooDeeplyNested
    count: float = 0
    parts = value
    if type(value) is dict:
        count, parts = len(value), value.values()
    elif type(value) is not list:
        return _UNSURE
    for part in parts:
        kind = type(part)
        if kind is dict or kind is list:
            count += _count_members(part, levels - 1)
        elif kind is float:
            count = _UNSURE
    return count


def _read_to_the_letter(text: str) -> Any:
    # The levels of a doubled member's first value are in no value that was looked through.
    _check_levels(text)
    try:
        return _TO_THE_LETTER.decode(text)
    except DuplicateMember as error:
        raise DuplicateMember(member_at(next(_doubled(_AS_PAIRS.decode(text))))) from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise DuplicateMember
    return members


_LONGEST_INTEGER = 20
"""The characters of the longest integer of 64 bits, sign included."""


def _integer(text: str) -> int | Number:
    """As orjson reads them, where that loses nothing: signed or unsigned, of 64 bits."""
    if len(text) > _LONGEST_INTEGER or text == "-0":
        return _number_of(text)
    value = int(text)
    return value if -(2**63) <= value < 2**64 else _number_of(text)


_TO_THE_LETTER = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=_number_of, parse_int=_integer
)
_AS_PAIRS = json.JSONDecoder(object_pairs_hook=tuple, parse_float=str, parse_int=str)
"""The same, but objects are tuples of pairs, and numbers do not matter."""


def _as_it_stood(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value)
    raise TypeError(f"{type(value)} does not come from JSON")


def _doubled(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of members given twice, in the order of the text; objects are tuples of pairs."""
    if not isinstance(value, (tuple, list)):
        return
    seen: set[str | int] = set()
    for name, part in value if isinstance(value, tuple) else enumerate(value):
        if name in seen:
            yield (*path, name)
        seen.add(name)
        yield from _doubled(part, (*path, name))


_TOKEN = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?', re.DOTALL
)
"""A string, perhaps without an end, or a number. Takes linear time to find all."""


def _read(text: bytes) -> Any:
    """As orjson reads it, but numbers beyond a double's range are some float, too."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        _check_levels(error.doc[: error.pos])
        if not _is_beyond_doubles(_TOKEN.match(error.doc, error.pos)):
            raise InvalidJson(str(error)) from error
        return _read(_TOKEN.sub(_within_doubles, error.doc).encode())


_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_BETWEEN_BRACKETS = re.compile(r"[^][{}]+")


def _check_levels(text: str) -> None:
    """Raises TooDeeplyNested; the text may be the beginning of one."""
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return
    brackets = _BETWEEN_BRACKETS.sub("", _TOKEN.sub("", text))
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_NESTING:
        raise TooDeeplyNested


def _is_beyond_doubles(token: re.Match[str] | None) -> bool:
    return token is not None and token[0][0] != '"' and math.isinf(float(token[0]))


def _within_doubles(token: re.Match[str]) -> str:
    """The token, or a float as long; spaces keep it apart from whatever stands beside it."""
    return " 1.5 ".ljust(len(token[0])) if _is_beyond_doubles(token) else token[0]
