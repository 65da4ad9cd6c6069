"""A new entry: the wanted ID and the flat list [field1, value1, …], order and repeats kept."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from streams.domain.errors import InvalidCommand
from streams.domain.ids import NO_ID, AddId

_IMPOSSIBLE = AddId(*NO_ID)


class NewEntry(NamedTuple):
    """What XADD says of one entry.

    `document` is the JSON text of `fields`. It is stored, and every reply repeats it unchanged.
    """

    add_id: AddId
    fields: Sequence[str]
    document: str


def new_entry(add_id: AddId, fields: Sequence[str]) -> NewEntry:
    """An entry to add. Raises InvalidCommand for the ID 0-0, which no entry can have (XADD-5)."""
    if add_id == _IMPOSSIBLE:
        raise InvalidCommand("ERR The ID specified in XADD must be greater than 0-0")
    return NewEntry(add_id, fields, orjson.dumps(fields).decode())


def size_of(fields: Sequence[str]) -> int:
    """The bytes of all fields and values together, as XADD-11 counts them."""
    joined = "".join(fields)
    return len(joined) if joined.isascii() else len(joined.encode())
