"""JSON as the contract wants it: UTF-8, nothing doubled, nothing lost."""

import json
from typing import Any

import orjson


class InvalidJson(ValueError):
    """The text is not JSON."""


class DuplicateMember(ValueError):
    """An object has a member twice; the argument is its name."""


def dumps(value: Any) -> bytes:
    """The value as JSON; an orjson.Fragment goes through as it is."""
    return orjson.dumps(value)


def loads(text: bytes) -> Any:
    """Read JSON. Raises InvalidJson, DuplicateMember."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(str(error)) from error
    # orjson keeps the last of doubled members silently. Each member costs a colon, so as many
    # members as colons means that none was lost; only otherwise is the slow look worth it.
    if text.count(b":") != _count_members(value):
        json.loads(text, object_pairs_hook=_refuse_duplicates)
    return value


def _count_members(value: Any) -> int:
    count, parts = 0, value
    if isinstance(value, dict):
        count, parts = len(value), value.values()
    elif not isinstance(value, list):
        return 0
    for one in parts:
        if isinstance(one, (dict, list)):
            count += _count_members(one)
    return count


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise DuplicateMember(name)
        seen.add(name)
