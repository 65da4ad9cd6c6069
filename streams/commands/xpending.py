"""XPENDING: look at the pending entries list of a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from streams import clock
from streams.commands.contract import Locks, Names, OneStream
from streams.domain.arguments import Arguments
from streams.domain.claims import idle_since
from streams.domain.errors import syntax_error
from streams.domain.groups import ConsumerGroup, no_group
from streams.domain.ids import MAX_ID, NO_ID, EntryId, parse_range_end, parse_range_start
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.store import consumers, groups, pending

FEWEST_RANGE_WORDS = 3
MOST_RANGE_WORDS = 6
"""How many words may follow the group: six to nine with the three before them (XPENDING-1)."""

WORDS_OF_IDLE_RANGE = 3
"""How many words must follow IDLE and its number (XPENDING-2)."""

DEFAULT_COUNT = 10
"""How many pending entries the typed endpoint lists by default; Redis words must give a count."""


class Summary(NamedTuple):
    """A group's list in short: its smallest and greatest ID, and the consumers that own entries."""

    # None: the list is empty.
    smallest: str | None
    greatest: str | None
    # Consumers with pending entries, in byte order of their names.
    owners: Sequence[consumers.Consumer]


class ListedAt(NamedTuple):
    """Pending entries, and the instant of the look in Unix ms, for their idle times."""

    items: Sequence[pending.PendingListItem]
    now_ms: int


@dataclass(frozen=True, slots=True)
class PendingRange:
    """Which pending entries the extended form lists."""

    start: EntryId = NO_ID
    end: EntryId = MAX_ID
    # 0 and below: none (XPENDING-8).
    count: int = DEFAULT_COUNT
    # None: of all consumers.
    consumer: str | None = None
    # Only entries that have been idle for this long; 0 and below: all (XPENDING-9).
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
    # None: the whole list in short.
    range: PendingRange | None = None

    @property
    def names(self) -> Names:
        consumer = self.range.consumer if self.range else None
        return Names([self.key], [self.group], [] if consumer is None else [consumer])

    @property
    def locks(self) -> Locks:
        return Locks([self.key])

    @classmethod
    def parse(cls, arguments: Arguments) -> "Pending":
        """Check in the order of XPENDING-2. Raises InvalidCommand."""
        key, group = arguments.take(), arguments.take()
        if not arguments.left:
            return cls(key, group)
        if not FEWEST_RANGE_WORDS <= arguments.left <= MOST_RANGE_WORDS:
            raise syntax_error()
        return cls(key, group, _parse_range(arguments))

    async def execute(self, plate: PlateId) -> Summary | ListedAt:
        """Raises NoGroup."""
        group = await groups.find(plate, self.key, self.group)
        if group is None:
            raise no_group(self.key, self.group)
        return await _summary(group) if self.range is None else await _listed(group, self.range)

    def reply(self, result: Summary | ListedAt) -> list[Any]:
        match result:
            case Summary(owners=[]):
                return [0, None, None, None]
            case Summary(smallest, greatest, owners):
                total = sum(owner.pending_count for owner in owners)
                counts = [[owner.name, str(owner.pending_count)] for owner in owners]
                return [total, smallest, greatest, counts]
            case ListedAt(items, now_ms):
                return [
                    [
                        item.entry_id,
                        item.consumer,
                        max(0, now_ms - item.delivered_at),
                        item.delivery_count,
                    ]
                    for item in items
                ]


def _parse_range(arguments: Arguments) -> PendingRange:
    min_idle_ms = 0
    if arguments.take_keyword("IDLE"):
        min_idle_ms = arguments.take_integer()
        if arguments.left < WORDS_OF_IDLE_RANGE:
            raise syntax_error()
    start, end = arguments.take(), arguments.take()
    count = arguments.take_integer()
    # Words after the consumer are ignored (XPENDING-4).
    consumer = arguments.take() if arguments.left else None
    return PendingRange(
        parse_range_start(start), parse_range_end(end), count, consumer, min_idle_ms
    )


async def _summary(group: ConsumerGroup) -> Summary:
    owners = [owner for owner in await consumers.listed(group) if owner.pending_count]
    return Summary(*await pending.ends(group), owners) if owners else Summary(None, None, [])


async def _listed(group: ConsumerGroup, wanted: PendingRange) -> ListedAt:
    now_ms = clock.now_ms()
    if wanted.count <= 0:
        return ListedAt([], now_ms)
    items = await pending.listed(
        group,
        wanted.start,
        wanted.end,
        count=wanted.count,
        consumer=wanted.consumer,
        idle_since=idle_since(now_ms, wanted.min_idle_ms),
    )
    return ListedAt(items, now_ms)
