"""Lists as single parameters.

A statement that takes a list gets it as the text of one array (or JSON) and casts it. One join
builds the text here and the server parses it in C, which costs a fraction of what the driver needs
to adapt a Python list.
"""

from collections.abc import Collection, Iterable

from streams.domain.ids import EntryId


def integers(values: Iterable[int]) -> str:
    """For `::bigint[]` and `::numeric[]`."""
    return "{" + ",".join(map(str, values)) + "}"


def entry_ids(ids: Collection[EntryId]) -> dict[str, str]:
    """For `%(ms)s` and `%(seq)s`, both `::numeric[]`."""
    return {"ms": integers(i.ms for i in ids), "seq": integers(i.seq for i in ids)}


def parsed_entry_ids(ms: str, seq: str) -> list[EntryId]:
    """Read IDs from the texts of two arrays, which are not empty and hold no null."""
    return list(map(EntryId, _parsed_integers(ms), _parsed_integers(seq)))


def names(values: Iterable[str]) -> str:
    """For `::bytea[]`: names are kept as their UTF-8 bytes."""
    return "{" + ",".join(f'"\\\\x{value.encode().hex()}"' for value in values) + "}"


def documents(values: Iterable[str | None]) -> str:
    """For `json_array_elements(…::json)`: JSON texts, each kept to the letter."""
    return "[" + ",".join("null" if value is None else value for value in values) + "]"


def _parsed_integers(literal: str) -> Iterable[int]:
    return map(int, literal[1:-1].split(","))
