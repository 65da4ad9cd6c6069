"""Entry IDs: the pair of numbers, its text forms, and the ends of a range.

The parser accepts exactly the texts that Redis' parser accepts, its leniencies included (ID-3).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.errors import InvalidCommand

MAX_PART = 2**64 - 1
"""The greatest value of either half of an ID."""

_LONGEST_TEXT = 127
_CANONICAL = re.compile(r"(?:0|[1-9][0-9]*)\Z")
_LENIENT = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)\Z")
_NEGATIVE_CANONICAL = re.compile(r"-[1-9][0-9]*\Z")


class EntryId(NamedTuple):
    """Two unsigned 64-bit numbers, ordered by milliseconds, then by sequence (ID-1)."""

    ms: int
    seq: int

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"

    def next(self) -> "EntryId":
        """The next greater ID. Must not be called for `MAX_ID`, which has none (ID-11)."""
        if self.seq < MAX_PART:
            return EntryId(self.ms, self.seq + 1)
        return EntryId(self.ms + 1, 0)

    def previous(self) -> "EntryId":
        """The next smaller ID. Must not be called for 0-0, which has none (ID-11)."""
        if self.seq > 0:
            return EntryId(self.ms, self.seq - 1)
        return EntryId(self.ms - 1, MAX_PART)


NO_ID = EntryId(0, 0)
"""0-0 is never an entry's ID: it means "none" or "from the start" (ID-12)."""

MAX_ID = EntryId(MAX_PART, MAX_PART)
"""The greatest ID."""


class AddId(NamedTuple):
    """The ID in the words of XADD; None stands for a half that the server fills in.

    `*` is (None, None), `5-*` is (5, None), `5-1` is (5, 1).
    """

    ms: int | None
    seq: int | None


AUTO_ID = AddId(None, None)
"""XADD's `*`."""


def parse_id(text: str, *, missing_seq: int = 0) -> EntryId:
    """Read `ms-seq`, or `ms`, whose sequence is then `missing_seq` (ID-2, ID-4).

    Raises InvalidCommand for anything else, such as `$` or `+`.
    """
    return EntryId(*_parse_parts(text, missing_seq))


def parse_loose_id(text: str, *, missing_seq: int = 0) -> EntryId:
    """As `parse_id`, but also reads `-` and `+`, the smallest and the greatest ID (ID-5)."""
    if text == "-":
        return NO_ID
    if text == "+":
        return MAX_ID
    return parse_id(text, missing_seq=missing_seq)


def parse_ids(texts: Iterable[str]) -> list[EntryId] | InvalidCommand:
    """The IDs, or the refusal of one, for commands that raise it only later (XDEL-2, XACK-2)."""
    try:
        return [parse_id(text) for text in texts]
    except InvalidCommand as refusal:
        return refusal


def parse_add_id(text: str) -> AddId:
    """Read the ID of XADD: `*`, `ms-*`, `ms-seq` or `ms` (ID-6)."""
    if text == "*":
        return AUTO_ID
    ms_text, dash, seq_text = text.partition("-")
    if dash and seq_text == "*":
        return AddId(_parse_parts(ms_text + "-0", 0)[0], None)
    return AddId(*_parse_parts(text, 0))


def parse_range_start(text: str) -> EntryId:
    """The first ID of a range. After `(` it is the next greater one (ID-8, ID-9)."""
    if not text.startswith("("):
        return parse_loose_id(text)
    excluded = parse_id(text[1:])
    if excluded == MAX_ID:
        raise InvalidCommand("ERR invalid start ID for the interval")
    return excluded.next()


def parse_range_end(text: str) -> EntryId:
    """The last ID of a range. A missing sequence is the greatest (ID-4); `(` excludes (ID-10)."""
    if not text.startswith("("):
        return parse_loose_id(text, missing_seq=MAX_PART)
    excluded = parse_id(text[1:], missing_seq=MAX_PART)
    if excluded == NO_ID:
        raise InvalidCommand("ERR invalid end ID for the interval")
    return excluded.previous()


def invalid_id() -> InvalidCommand:
    """The refusal of a malformed ID (ID-2)."""
    return InvalidCommand("ERR Invalid stream ID specified as stream command argument")


def _parse_parts(text: str, missing_seq: int) -> tuple[int, int]:
    if len(text.encode()) > _LONGEST_TEXT:
        raise invalid_id()
    ms_text, dash, seq_text = text.partition("\0")[0].partition("-")
    return _parse_part(ms_text), _parse_part(seq_text) if dash else missing_seq


def _parse_part(text: str) -> int:
    if _CANONICAL.match(text):
        value = int(text)
    elif (lenient := _LENIENT.match(text)) and not _NEGATIVE_CANONICAL.match(text):
        value = _as_strtoull(lenient[1], int(lenient[2]))
    else:
        raise invalid_id()
    if value > MAX_PART:
        raise invalid_id()
    return value


def _as_strtoull(sign: str, magnitude: int) -> int:
    """The number as C's strtoull reads it: -1 wraps around; what is too great stays too great."""
    if sign == "-" and 0 < magnitude <= MAX_PART:
        return MAX_PART + 1 - magnitude
    return magnitude
