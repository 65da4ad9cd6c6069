"""XPENDING: look at the pending entries list of a group."""

from dataclasses import dataclass
from typing import Any, ClassVar

from streams.commands import clock
from streams.commands.contract import OneStream, Scope
from streams.domain.arguments import MAX_INTEGER, Arguments
from streams.domain.errors import syntax_error
from streams.domain.groups import ConsumerGroup, no_group
from streams.domain.ids import MAX_ID, NO_ID, EntryId, parse_range_end, parse_range_start
from streams.domain.plates import PlateId
from streams.store import consumers, groups
from streams.store import pending as pending_entries


@dataclass(frozen=True, slots=True)
class PendingRange:
    """Which pending entries the extended form lists."""

    start: EntryId = NO_ID
    end: EntryId = MAX_ID
    # 0 and below lists none (XPENDING-8).
    count: int = 10
    # None: of all consumers.
    consumer: str | None = None
    # Only those idle for at least so long; 0 and below: all (XPENDING-9).
    min_idle_ms: int = 0


@dataclass(frozen=True, slots=True)
class Pending(OneStream):
    """XPENDING key group [[IDLE ms] start end count [consumer]]

    Replies with [total, smallest ID, greatest ID, [[consumer, "n"], …]] (XPENDING-5), or, with a
    range, with a list of [ID, consumer, idle ms, delivery count] (XPENDING-7).
    """

    name: ClassVar = "XPENDING"
    arity: ClassVar = -3
    scope: ClassVar = Scope.READ

    key: str
    group: str
    # None: the summary.
    range: PendingRange | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "Pending":
        """Check in the order of XPENDING-2. Raises InvalidCommand."""
        key, group = arguments.take(), arguments.take()
        if not arguments.left:
            return cls(key, group)
        if not FEWEST_RANGE_WORDS <= arguments.left <= MOST_RANGE_WORDS:
            raise syntax_error()
        return cls(key, group, _parse_range(arguments))

    def execute(self, plate: PlateId) -> list[Any]:
        """Raises NoGroup."""
        group = groups.find(plate, self.key, self.group)
        if group is None:
            raise no_group(self.key, self.group)
        return _summary(group) if self.range is None else _listed(group, self.range)

    def reply(self, result: list[Any]) -> list[Any]:
        return result


FEWEST_RANGE_WORDS = 3
MOST_RANGE_WORDS = 6
"""Words after the group: six to nine with the three before them (XPENDING-1)."""

WORDS_OF_IDLE_RANGE = 3
"""Words that must follow IDLE and its number (XPENDING-2)."""


def _parse_range(arguments: Arguments) -> PendingRange:
    min_idle_ms = 0
    if arguments.take_keyword("IDLE"):
        min_idle_ms = arguments.take_integer()
        if arguments.left < WORDS_OF_IDLE_RANGE:
            raise syntax_error()
    start, end = arguments.take(), arguments.take()
    count = arguments.take_integer()
    # What follows the consumer is not looked at (XPENDING-4).
    consumer = arguments.take() if arguments.left else None
    return PendingRange(
        parse_range_start(start), parse_range_end(end), count, consumer, min_idle_ms
    )


def _summary(group: ConsumerGroup) -> list[Any]:
    owners = [owner for owner in consumers.listed(group) if owner.pending_count]
    if not owners:
        return [0, None, None, None]
    smallest, greatest = pending_entries.ends(group)
    return [
        sum(owner.pending_count for owner in owners),
        smallest,
        greatest,
        [[owner.name, str(owner.pending_count)] for owner in owners],
    ]


def _listed(group: ConsumerGroup, wanted: PendingRange) -> list[Any]:
    if wanted.count <= 0:
        return []
    now_ms = clock.now_ms()
    rows = pending_entries.listed(
        group,
        wanted.start,
        wanted.end,
        count=wanted.count,
        consumer=wanted.consumer,
        idle_since=now_ms - wanted.min_idle_ms if wanted.min_idle_ms > 0 else MAX_INTEGER,
    )
    return [
        [row.entry_id, row.consumer, max(0, now_ms - row.delivered_at), row.delivery_count]
        for row in rows
    ]
