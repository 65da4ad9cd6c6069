"""XINFO: describe a stream, its consumer groups, and the consumers of a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from streams import clock
from streams.commands.contract import Help, Locks, Names, OneStream
from streams.domain.arguments import Arguments, keyword, parse_integer
from streams.domain.errors import InvalidCommand, Refusal, no_such_key, sub_syntax_error
from streams.domain.groups import no_such_group
from streams.domain.ids import MAX_ID, NO_ID
from streams.domain.lag import lag
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.domain.streams import Stream
from streams.store import consumers, entries, groups, nodes, pending, streams
from streams.store.consumers import Consumer
from streams.store.entries import Rendered
from streams.store.groups import GroupTotals
from streams.store.pending import PendingListItem

DEFAULT_FULL_COUNT = 10
"""How many entries, and pending entries of each list, FULL shows without COUNT (XINFO-6)."""

Information = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Full:
    """FULL of XINFO STREAM: how many elements of each list to show; None: all."""

    count: int | None


class StreamInfo(NamedTuple):
    """What XINFO STREAM shows without FULL. The tail node counts as a storage node."""

    stream: Stream
    node_count: int
    group_count: int
    first_entry: Rendered | None
    last_entry: Rendered | None


class ConsumerInFull(NamedTuple):
    """A consumer, and the beginning of its own pending entries list."""

    consumer: Consumer
    pending: Sequence[PendingListItem]


class GroupInFull(NamedTuple):
    """A group, the beginning of its pending entries list, and its consumers."""

    totals: GroupTotals
    pending: Sequence[PendingListItem]
    consumers: Sequence[ConsumerInFull]


class StreamInFull(NamedTuple):
    """A stream with its oldest entries and its groups."""

    stream: Stream
    node_count: int
    entries: Rendered | list[Rendered]
    groups: Sequence[GroupInFull]


@dataclass(frozen=True, slots=True)
class InfoStream(OneStream):
    """XINFO STREAM key [FULL [COUNT n]]

    Replies with an object: counters, number of groups, first and last entry (XINFO-4); with FULL
    the counters, the oldest entries, and the groups in full (XINFO-6 to XINFO-8).
    """

    name: ClassVar = "XINFO STREAM"
    arity: ClassVar = -3
    scope: ClassVar = Scope.READ

    key: str
    # None: no FULL. A bad option is refused only if the stream exists (XINFO-2).
    full: Full | Refusal | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoStream":
        return cls(arguments.take(), _parse_full(arguments))

    async def execute(self, plate: PlateId) -> StreamInfo | StreamInFull:
        """Raises NoSuchKey, InvalidCommand."""
        stream = await _find(plate, self.key)
        if isinstance(self.full, Refusal):
            raise self.full
        if self.full is None:
            return await _info(stream)
        return await _in_full(stream, self.full.count)

    def reply(self, result: StreamInfo | StreamInFull) -> Information:
        counters = _counters(result.stream, result.node_count)
        if isinstance(result, StreamInfo):
            return {
                **counters,
                "groups": result.group_count,
                "first-entry": result.first_entry,
                "last-entry": result.last_entry,
            }
        return {
            **counters,
            "entries": result.entries,
            "groups": [_group_in_full(result.stream, group) for group in result.groups],
        }


@dataclass(frozen=True, slots=True)
class InfoGroups(OneStream):
    """XINFO GROUPS key

    Replies with an object for each group, in byte order of their names (XINFO-9).
    """

    name: ClassVar = "XINFO GROUPS"
    arity: ClassVar = 3
    scope: ClassVar = Scope.READ

    key: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoGroups":
        return cls(arguments.take())

    async def execute(self, plate: PlateId) -> tuple[Stream, list[GroupTotals]]:
        """Raises NoSuchKey."""
        stream = await _find(plate, self.key)
        return stream, await groups.listed(stream)

    def reply(self, result: tuple[Stream, list[GroupTotals]]) -> list[Information]:
        stream, listed = result
        return [
            {
                "name": totals.group.name,
                "consumers": totals.consumers,
                "pending": totals.pending,
                "last-delivered-id": str(totals.group.last_delivered_id),
                "entries-read": totals.group.entries_read,
                "lag": lag(stream, totals.group.last_delivered_id, totals.group.entries_read),
            }
            for totals in listed
        ]


@dataclass(frozen=True, slots=True)
class InfoConsumers(OneStream):
    """XINFO CONSUMERS key group

    Replies with an object for each consumer, in byte order of their names (XINFO-10).
    """

    name: ClassVar = "XINFO CONSUMERS"
    arity: ClassVar = 4
    scope: ClassVar = Scope.READ

    key: str
    group: str

    @property
    def names(self) -> Names:
        return Names([self.key], [self.group])

    @property
    def locks(self) -> Locks:
        return Locks([self.key])

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoConsumers":
        return cls(arguments.take(), arguments.take())

    async def execute(self, plate: PlateId) -> tuple[int, list[Consumer]]:
        """The instant of the look, in Unix ms, and the consumers as they were then.

        Raises NoSuchKey, NoGroup.
        """
        await _find(plate, self.key)
        group = await groups.find(plate, self.key, self.group)
        if group is None:
            raise no_such_group(self.key, self.group)
        return clock.now_ms(), await consumers.listed(group)

    def reply(self, result: tuple[int, list[Consumer]]) -> list[Information]:
        now_ms, listed = result
        return [
            {
                "name": consumer.name,
                "pending": consumer.pending_count,
                "idle": max(0, now_ms - consumer.seen_at),
                "inactive": (
                    -1 if consumer.active_at is None else max(0, now_ms - consumer.active_at)
                ),
            }
            for consumer in listed
        ]


class InfoHelp(Help):
    """XINFO HELP

    Replies with lines of text (XINFO-1).
    """

    name: ClassVar = "XINFO HELP"
    lines: ClassVar = (
        "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CONSUMERS <key> <groupname>",
        "    List the consumers of a group with their pending entries and idle times.",
        "GROUPS <key>",
        "    List the consumer groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    Tell about a stream; FULL shows its groups, consumers and pending entries.",
        "HELP",
        "    Print this help.",
    )


def full_of(count: int) -> Full:
    """FULL with a COUNT: 0 means all, a negative one the default (XINFO-3)."""
    return Full(None if count == 0 else count if count > 0 else DEFAULT_FULL_COUNT)


def _parse_full(arguments: Arguments) -> Full | Refusal | None:
    words = arguments.take_rest()
    match [keyword(word) for word in words]:
        case []:
            return None
        case ["FULL"]:
            return full_of(DEFAULT_FULL_COUNT)
        case ["FULL", "COUNT", _]:
            try:
                return full_of(parse_integer(words[2]))
            except InvalidCommand as refusal:
                return refusal
    return sub_syntax_error("XINFO", arguments.subcommand)


async def _find(plate: PlateId, key: str) -> Stream:
    stream = await streams.find(plate, key)
    if stream is None:
        raise no_such_key()
    return stream


async def _count_nodes(stream: Stream) -> int:
    return await nodes.count(stream) + (stream.tail_node is not None)


async def _info(stream: Stream) -> StreamInfo:
    return StreamInfo(
        stream,
        await _count_nodes(stream),
        await streams.count_groups(stream),
        await entries.end_of(*stream.name, newest_first=False),
        await entries.end_of(*stream.name, newest_first=True),
    )


async def _in_full(stream: Stream, count: int | None) -> StreamInFull:
    plate, key = stream.name
    return StreamInFull(
        stream,
        await _count_nodes(stream),
        await entries.all_of(
            await entries.between(plate, key, NO_ID, MAX_ID, count=count, newest_first=False)
        ),
        [
            GroupInFull(
                totals,
                await pending.listed(totals.group, count=count),
                [
                    ConsumerInFull(
                        consumer,
                        await pending.listed(totals.group, count=count, consumer=consumer.name),
                    )
                    for consumer in await consumers.listed(totals.group)
                ],
            )
            for totals in await groups.listed(stream)
        ],
    )


def _counters(stream: Stream, node_count: int) -> Information:
    return {
        "length": stream.length,
        "radix-tree-keys": node_count,
        # Redis counts the nodes of a radix tree: the root, and about one for each key (XINFO-11).
        "radix-tree-nodes": node_count + 1,
        "last-generated-id": str(stream.last_generated_id),
        "max-deleted-entry-id": str(stream.max_deleted_entry_id),
        "entries-added": stream.entries_added,
        "recorded-first-entry-id": str(stream.recorded_first_entry_id),
    }


def _group_in_full(stream: Stream, found: GroupInFull) -> Information:
    group = found.totals.group
    return {
        "name": group.name,
        "last-delivered-id": str(group.last_delivered_id),
        "entries-read": group.entries_read,
        "lag": lag(stream, group.last_delivered_id, group.entries_read),
        "pel-count": found.totals.pending,
        "pending": [list(item) for item in found.pending],
        "consumers": [_consumer_in_full(consumer) for consumer in found.consumers],
    }


def _consumer_in_full(found: ConsumerInFull) -> Information:
    consumer = found.consumer
    return {
        "name": consumer.name,
        "seen-time": consumer.seen_at,
        "active-time": -1 if consumer.active_at is None else consumer.active_at,
        "pel-count": consumer.pending_count,
        "pending": [
            [item.entry_id, item.delivered_at, item.delivery_count] for item in found.pending
        ],
    }
