"""XREAD: read what is above a place in several streams, and wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple

from streams import wakeups
from streams.bounds import blocked_readers
from streams.commands import clock
from streams.commands.coalescing import SharedLooks
from streams.commands.contract import Scope, capped_block_ms, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand
from streams.domain.ids import NO_ID, EntryId, parse_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.reading import parse_read_options
from streams.store import entries, streams

Start = EntryId | Literal["$", "+"]
"""Read above that ID; `$`: above what the stream has now; `+`: the newest entry only."""

Found = dict[str, list[entries.Rendered]]


class Position(NamedTuple):
    """A stream and where to start in it."""

    key: str
    start: Start


@dataclass(frozen=True, slots=True)
class Read:
    """XREAD [COUNT n] [BLOCK ms] STREAMS key [key …] id [id …]

    Replies with an object from key to entries, only of streams that have some; null if none has
    (XREAD-12, XREAD-13). A key named twice has its entries joined.
    """

    name: ClassVar = "XREAD"
    arity: ClassVar = -4
    scope: ClassVar = Scope.READ

    positions: Sequence[Position]
    # Entries per stream; None: all.
    count: int | None = None
    # None: answer at once; 0: wait as long as the server allows.
    block_ms: int | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "Read":
        """Check in the order of XREAD-1 to 7. Raises InvalidCommand, TooLarge."""
        options = parse_read_options(arguments, command="xread", now_ms=clock.now_ms())
        check_number(len(options.streams), "streams")
        positions = [Position(key, parse_start(text)) for key, text in options.streams]
        return cls(positions, options.count, options.block_ms)

    @property
    def keys(self) -> Sequence[str]:
        return [position.key for position in self.positions]

    @property
    def groups(self) -> Sequence[tuple[str, str]]:
        return ()

    @property
    def makes_stream(self) -> bool:
        return False

    def without_blocking(self) -> "Read":
        return replace(self, block_ms=None)

    def execute(self, plate: PlateId) -> Found | None:
        if self.block_ms is None:
            return self.frozen(plate).look(plate)
        with blocked_readers.admitted(plate):
            return self.wait(plate, capped_block_ms(self.block_ms))

    def wait(self, plate: PlateId, block_ms: int) -> Found | None:
        """Wait for entries, at most so long, for a caller who counts as a blocked reader."""
        frozen: list[Read] = []

        def attempt() -> Found | None:
            # `$` is what the stream has once the reader is sure to be woken (BLK-4).
            if not frozen:
                frozen.append(self.frozen(plate))
            return frozen[0].look_with_others(plate)

        names = [StreamName(plate, key) for key in self.keys]
        return wakeups.wait(names, attempt, block_ms=block_ms)

    def reply(self, result: Found | None) -> Found | None:
        return result

    def frozen(self, plate: PlateId) -> "Read":
        """The same with each `$` replaced by the stream's last-generated-id (XREAD-9)."""
        keys = [position.key for position in self.positions if position.start == "$"]
        if not keys:
            return self
        found = streams.find_all(plate, keys)
        tops = {key: stream.last_generated_id for key, stream in found.items()}
        return replace(
            self,
            positions=[
                Position(key, tops.get(key, NO_ID) if start == "$" else start)
                for key, start in self.positions
            ],
        )

    def look_with_others(self, plate: PlateId) -> Found | None:
        """The same look for all that wait at the same place, as after a wake-up."""
        key = (plate, tuple(self.positions), self.count)
        return _shared.look(key, lambda: self.look(plate))

    def look(self, plate: PlateId) -> Found | None:
        """What is there now; no position may be `$` any more."""
        found: dict[int, list[entries.Rendered]] = {}
        above = [
            (place, key, start)
            for place, (key, start) in enumerate(self.positions)
            if isinstance(start, EntryId)
        ]
        if above:
            rows = entries.after(plate, [(key, start) for _, key, start in above], count=self.count)
            for index, entry in rows:
                found.setdefault(above[index][0], []).append(entry)
        newest = [(place, key) for place, (key, start) in enumerate(self.positions) if start == "+"]
        if newest:
            for index, entry in entries.newest(plate, [key for _, key in newest]):
                found.setdefault(newest[index][0], []).append(entry)
        return self._by_key(found) or None

    def _by_key(self, found: dict[int, list[entries.Rendered]]) -> Found:
        by_key: Found = {}
        for place in sorted(found):
            by_key.setdefault(self.positions[place].key, []).extend(found[place])
        return by_key


_shared: SharedLooks[tuple[PlateId, tuple[Position, ...], int | None], Found | None] = SharedLooks()


def parse_start(text: str) -> Start:
    """The ID of an XREAD stream. Raises InvalidCommand (XREAD-7 to 11)."""
    if text == "$":
        return "$"
    if text == "+":
        return "+"
    if text == ">":
        raise InvalidCommand(
            "ERR The > ID can be specified only when calling XREADGROUP using the"
            " GROUP <group> <consumer> option."
        )
    return parse_id(text)
