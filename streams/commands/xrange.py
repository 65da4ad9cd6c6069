"""XRANGE: read the entries between two IDs, oldest first."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from streams.commands.contract import SHORT_COUNT, OneStream
from streams.domain.arguments import Arguments
from streams.domain.errors import syntax_error
from streams.domain.ids import MAX_ID, NO_ID, EntryId, parse_range_end, parse_range_start
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.store import entries, streams

EntriesInRange = entries.Rendered | entries.LongRange | list[Any] | None
"""The entries. `[]` or None: a COUNT of 0 or below asks for none, so they are not fetched."""


@dataclass(frozen=True, slots=True)
class Range(OneStream):
    """XRANGE key start end [COUNT n]

    Replies with the entries from start to end, oldest first; `[]` if there are none. With COUNT 0
    or below: null for an existing stream, `[]` for a missing one (XRANGE-5).
    """

    name: ClassVar = "XRANGE"
    arity: ClassVar = -4
    scope: ClassVar = Scope.READ
    newest_first: ClassVar = False

    key: str
    # Both inclusive; an ID that `(` excludes is replaced by its neighbour.
    start: EntryId = NO_ID
    end: EntryId = MAX_ID
    # None: all; 0 and below: none.
    count: int | None = None
    # Whether a count of 0 or below gives null for an existing stream, as in Redis (XRANGE-5).
    may_be_null: bool = False

    @property
    def is_short(self) -> bool:
        return self.count is not None and self.count <= SHORT_COUNT

    @classmethod
    def parse(cls, arguments: Arguments) -> "Range":
        """Check in the order of XRANGE-3. Raises InvalidCommand."""
        key, start, end = arguments.take(), arguments.take(), arguments.take()
        return cls._parsed(key, start, end, arguments)

    @classmethod
    def _parsed(cls, key: str, start: str, end: str, arguments: Arguments) -> Self:
        return cls(
            key,
            parse_range_start(start),
            parse_range_end(end),
            _take_count(arguments),
            may_be_null=True,
        )

    async def execute(self, plate: PlateId) -> EntriesInRange:
        if self.count is not None and self.count <= 0:
            return None if self.may_be_null and await streams.find(plate, self.key) else []
        return await entries.between(
            plate,
            self.key,
            self.start,
            self.end,
            count=self.count,
            newest_first=self.newest_first,
        )

    def reply(self, result: EntriesInRange) -> EntriesInRange:
        return result


def _take_count(arguments: Arguments) -> int | None:
    """The value of the last COUNT. Only COUNTs may follow, in any number (XRANGE-4)."""
    count = None
    while arguments.left:
        if not arguments.take_keyword("COUNT", followed_by=1):
            raise syntax_error()
        count = arguments.take_integer()
    return count
