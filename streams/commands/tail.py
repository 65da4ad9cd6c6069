"""Tail streams: everything that is added from a place on, as it comes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from streams.bounds import blocked_readers
from streams.commands.contract import Scope
from streams.commands.reads import Position, Read, Start
from streams.domain.plates import PlateId
from streams.store import session
from streams.store.entries import Rendered, id_of

ENTRIES_AT_ONCE = 100
"""How many entries of a stream one look fetches: what a slow client can make a tail hold."""

HEARTBEAT_MS = 15_000
"""How long a tail is silent before it shows that it lives."""


class Tailed(NamedTuple):
    """An entry of a tail, and where each stream stands after it, in the order of the streams."""

    key: str
    entry: Rendered
    reached: Sequence[Start]


@dataclass(frozen=True, slots=True)
class Tail:
    """A tail of several streams, each from its own place. No Redis command: XREAD in a loop."""

    scope: ClassVar = Scope.READ

    positions: Sequence[Position]

    def execute(self, plate: PlateId) -> "Tail":
        """The same with each `$` replaced by what the stream has now.

        Raises TooManyRequests or Unavailable where there is no room for another tail.
        """
        blocked_readers.check(plate)
        return replace(self, positions=Read(self.positions).frozen(plate).positions)

    def follow(self, plate: PlateId) -> Iterator[Tailed | None]:
        """Yields entries as they come, and None after each silence of `HEARTBEAT_MS`.

        Holds no database connection while it sleeps or its reader is slow. Raises Unavailable
        when the server shuts down, ClientHasLeft when the client is gone.
        """
        read = Read(self.positions, ENTRIES_AT_ONCE, HEARTBEAT_MS)
        keys, reached = read.keys, [position.start for position in read.positions]
        while True:
            found = read.execute(plate)
            session.release()
            if found is None:
                yield None
                continue
            for key, entries in found.items():
                for entry in entries:
                    reached[keys.index(key)] = id_of(entry)
                    yield Tailed(key, entry, reached)
            read = replace(read, positions=[*map(Position, keys, reached)])
