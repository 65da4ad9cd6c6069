"""XINFO: what a stream is like."""

from dataclasses import dataclass
from typing import Any, ClassVar

from streams.commands.contract import OneStream, Scope
from streams.domain.arguments import Arguments, keyword, parse_integer
from streams.domain.errors import InvalidCommand, no_such_key
from streams.domain.ids import MAX_ID, NO_ID
from streams.domain.plates import PlateId
from streams.domain.streams import Stream
from streams.store import entries, nodes, streams

DEFAULT_FULL_COUNT = 10
"""How many entries, and pending entries of each list, FULL shows if no COUNT says (XINFO-6)."""

Information = dict[str, Any]


@dataclass(frozen=True, slots=True)
class InfoStream(OneStream):
    """XINFO STREAM key [FULL [COUNT n]]

    Replies with an object: counters, number of groups, first and last entry (XINFO-4); with FULL
    the counters, the first n entries (0: all), and the groups in full (XINFO-6).
    """

    name: ClassVar = "XINFO|STREAM"
    arity: ClassVar = -3
    scope: ClassVar = Scope.READ

    key: str
    # Kept as they came: a missing stream is told before a bad option (XINFO-2).
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, arguments: Arguments) -> "InfoStream":
        return cls(arguments.take(), tuple(arguments.take_rest()))

    def execute(self, plate: PlateId) -> Information:
        """Raises NoSuchKey, InvalidCommand."""
        stream = streams.find(plate, self.key)
        if stream is None:
            raise no_such_key()
        if not self.options:
            return _summary(stream)
        return _full(stream, _parse_full(self.options))

    def reply(self, result: Information) -> Information:
        return result


def _parse_full(options: tuple[str, ...]) -> int | None:
    """How many entries FULL shows; None: all (XINFO-3)."""
    match [keyword(option) for option in options]:
        case ["FULL"]:
            return DEFAULT_FULL_COUNT
        case ["FULL", "COUNT", _]:
            count = parse_integer(options[2])
            return None if count == 0 else count if count > 0 else DEFAULT_FULL_COUNT
    raise InvalidCommand(
        "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."
    )


def _counters(stream: Stream) -> Information:
    sealed = nodes.count(stream)
    node_count = sealed + (stream.tail_node is not None)
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
        "first-entry": _one_entry(stream, newest_first=False),
        "last-entry": _one_entry(stream, newest_first=True),
    }


def _one_entry(stream: Stream, *, newest_first: bool) -> entries.Rendered | None:
    plate, key = stream.name
    found = entries.between(plate, key, NO_ID, MAX_ID, count=1, newest_first=newest_first)
    return found[0] if found else None


def _full(stream: Stream, count: int | None) -> Information:
    plate, key = stream.name
    return {
        **_counters(stream),
        "entries": entries.between(plate, key, NO_ID, MAX_ID, count=count, newest_first=False),
        "groups": [],
    }
