"""XINFO: what streams, groups and consumers are like."""

from dataclasses import dataclass
from typing import Any, ClassVar

from streams.commands import clock
from streams.commands.contract import Help, OneStream, Scope
from streams.domain.arguments import Arguments, keyword, parse_integer
from streams.domain.errors import InvalidCommand, Refusal, no_such_key, sub_syntax_error
from streams.domain.groups import no_such_group
from streams.domain.ids import MAX_ID, NO_ID
from streams.domain.lag import lag
from streams.domain.plates import PlateId
from streams.domain.streams import Stream
from streams.store import consumers, entries, groups, nodes, pending, streams

DEFAULT_FULL_COUNT = 10
"""How many entries, and pending entries of each list, FULL shows if no COUNT says (XINFO-6)."""

Information = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Full:
    """XINFO STREAM's FULL; the count is of each list, None: all of it."""

    count: int | None


@dataclass(frozen=True, slots=True)
class InfoStream(OneStream):
    """XINFO STREAM key [FULL [COUNT n]]

    Replies with an object: counters, number of groups, first and last entry (XINFO-4); with FULL
    the counters, the oldest entries, and the groups in full (XINFO-6 to XINFO-8).
    """

    name: ClassVar = "XINFO|STREAM"
    arity: ClassVar = -3
    scope: ClassVar = Scope.READ

    key: str
    # None: no FULL. A bad option is told only once the key is known (XINFO-2).
    full: Full | Refusal | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoStream":
        return cls(arguments.take(), _parse_full(arguments))

    def execute(self, plate: PlateId) -> Information:
        """Raises NoSuchKey, InvalidCommand."""
        stream = _find(plate, self.key)
        if isinstance(self.full, Refusal):
            raise self.full
        if self.full is None:
            return _summary(stream)
        return _in_full(stream, self.full.count)

    def reply(self, result: Information) -> Information:
        return result


@dataclass(frozen=True, slots=True)
class InfoGroups(OneStream):
    """XINFO GROUPS key

    Replies with an object for each group, in byte order of their names (XINFO-9).
    """

    name: ClassVar = "XINFO|GROUPS"
    arity: ClassVar = 3
    scope: ClassVar = Scope.READ

    key: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoGroups":
        return cls(arguments.take())

    def execute(self, plate: PlateId) -> list[Information]:
        """Raises NoSuchKey."""
        stream = _find(plate, self.key)
        return [
            {
                "name": totals.group.name,
                "consumers": totals.consumers,
                "pending": totals.pending,
                "last-delivered-id": str(totals.group.last_delivered_id),
                "entries-read": totals.group.entries_read,
                "lag": lag(stream, totals.group.last_delivered_id, totals.group.entries_read),
            }
            for totals in groups.listed(stream)
        ]

    def reply(self, result: list[Information]) -> list[Information]:
        return result


@dataclass(frozen=True, slots=True)
class InfoConsumers(OneStream):
    """XINFO CONSUMERS key group

    Replies with an object for each consumer, in byte order of their names (XINFO-10).
    """

    name: ClassVar = "XINFO|CONSUMERS"
    arity: ClassVar = 4
    scope: ClassVar = Scope.READ

    key: str
    group: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoConsumers":
        return cls(arguments.take(), arguments.take())

    def execute(self, plate: PlateId) -> list[Information]:
        """Raises NoSuchKey, NoGroup."""
        _find(plate, self.key)
        group = groups.find(plate, self.key, self.group)
        if group is None:
            raise no_such_group(self.key, self.group)
        now = clock.now_ms()
        return [
            {
                "name": consumer.name,
                "pending": consumer.pending_count,
                "idle": max(0, now - consumer.seen_at),
                "inactive": (
                    -1 if consumer.active_at is None else max(0, now - consumer.active_at)
                ),
            }
            for consumer in consumers.listed(group)
        ]

    def reply(self, result: list[Information]) -> list[Information]:
        return result


class InfoHelp(Help):
    """XINFO HELP

    Replies with lines of text (XINFO-1).
    """

    name: ClassVar = "XINFO|HELP"
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
    """FULL with a COUNT: 0 is all, below 0 is the default (XINFO-3)."""
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


def _find(plate: PlateId, key: str) -> Stream:
    stream = streams.find(plate, key)
    if stream is None:
        raise no_such_key()
    return stream


def _counters(stream: Stream) -> Information:
    node_count = nodes.count(stream) + (stream.tail_node is not None)
    return {
        "length": stream.length,
        "radix-tree-keys": node_count,
        # An inner figure of Redis: one for the root, and about one for each node (XINFO-11).
        "radix-tree-nodes": node_count + 1,
        "last-generated-id": str(stream.last_generated_id),
        "max-deleted-entry-id": str(stream.max_deleted_entry_id),
        "entries-added": stream.entries_added,
        "recorded-first-entry-id": str(stream.recorded_first_entry_id),
    }


def _summary(stream: Stream) -> Information:
    return {
        **_counters(stream),
        "groups": streams.count_groups(stream),
        "first-entry": entries.end_of(*stream.name, newest_first=False),
        "last-entry": entries.end_of(*stream.name, newest_first=True),
    }


def _in_full(stream: Stream, count: int | None) -> Information:
    plate, key = stream.name
    return {
        **_counters(stream),
        "entries": entries.all_of(
            entries.between(plate, key, NO_ID, MAX_ID, count=count, newest_first=False)
        ),
        "groups": [_group_in_full(stream, totals, count) for totals in groups.listed(stream)],
    }


def _group_in_full(stream: Stream, totals: groups.GroupTotals, count: int | None) -> Information:
    group = totals.group
    return {
        "name": group.name,
        "last-delivered-id": str(group.last_delivered_id),
        "entries-read": group.entries_read,
        "lag": lag(stream, group.last_delivered_id, group.entries_read),
        "pel-count": totals.pending,
        "pending": [list(row) for row in pending.listed(group, count=count)],
        "consumers": [
            {
                "name": consumer.name,
                "seen-time": consumer.seen_at,
                "active-time": -1 if consumer.active_at is None else consumer.active_at,
                "pel-count": consumer.pending_count,
                "pending": [
                    [row.entry_id, row.delivered_at, row.delivery_count]
                    for row in pending.listed(group, count=count, consumer=consumer.name)
                ],
            }
            for consumer in consumers.listed(group)
        ],
    }
