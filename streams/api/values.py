"""JSON values as the texts that a stream keeps (section 4 of the contract)."""

from itertools import chain
from typing import Any

from streams.api.json import Number, rewritten
from streams.api.naming import shown
from streams.domain.errors import InvalidRequest


def text_of(value: Any, member: str, *, nested: bool) -> str:
    """The text of a value; objects and lists only where `nested` allows them.

    Raises InvalidRequest naming the member.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Number):
        return value.text
    if nested and isinstance(value, (dict, list)):
        return rewritten(value)
    kind = "null" if value is None else "an object or a list"
    raise InvalidRequest(f"{member} must not be {kind}")


def words_of(values: list[Any], member: str) -> list[str]:
    """The words of a Redis command."""
    return [
        text_of(value, f"{member}[{place}]", nested=False) for place, value in enumerate(values)
    ]


def fields_of(values: Any, member: str) -> list[str]:
    """The flat list of fields and values, from an object or from pairs. Raises InvalidRequest."""
    if isinstance(values, dict) and set(map(type, values.values())) == {str}:
        # Mostly, and four times as fast as a look at each.
        return list(chain.from_iterable(values.items()))
    pairs = list(values.items()) if isinstance(values, dict) else values
    if not isinstance(pairs, list):
        raise InvalidRequest(f"{member} must be an object or a list of [field, value] pairs")
    if not pairs:
        raise InvalidRequest(f"{member} must hold at least one field and its value")
    flat: list[str] = []
    for place, pair in enumerate(pairs):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise InvalidRequest(f"{member}[{place}] must be a [field, value] pair")
        field, value = pair
        flat.append(text_of(field, f"{member}[{place}][0]", nested=False))
        flat.append(text_of(value, f"{member}.{shown(flat[-1])}", nested=True))
    return flat
