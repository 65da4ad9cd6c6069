"""Tail streams: everything that is added from a place on, as it comes."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from streams import conf
from streams.bounds import blocked_readers
from streams.commands.contract import Scope
from streams.commands.reads import Position, Read, Start
from streams.domain.plates import PlateId
from streams.store import session
from streams.store.entries import Rendered, id_of

ENTRIES_AT_ONCE = 100
"""How many entries of a stream one look fetches: what a slow client can make a tail hold."""


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

    def execute(self, plate: PlateId) -> "OpenTail":
        """Open it. Raises TooManyRequests or Unavailable where there is no room for another."""
        with ExitStack() as admission:
            admission.enter_context(blocked_readers.admitted(plate))
            read = Read(self.positions, ENTRIES_AT_ONCE).frozen(plate)
            return OpenTail(plate, read, admission.pop_all())


class OpenTail:
    """A tail under way. It counts as one blocked reader until it is closed.

    Counted throughout: one that was let in is never turned away in the middle.
    """

    def __init__(self, plate: PlateId, read: Read, admission: ExitStack) -> None:
        self._plate = plate
        self._read = read
        self._admission = admission

    def close(self) -> None:
        """Make room for others."""
        self._admission.close()

    @property
    def reached(self) -> Sequence[Start]:
        """Where it stands in each stream; for `$`, what the stream had at the opening."""
        return [position.start for position in self._read.positions]

    def follow(self) -> Iterator[Tailed | None]:
        """Yields entries as they come, and None after each silence of STREAMS_TAIL_HEARTBEAT_MS.

        Holds no database connection while it sleeps or its reader is slow. Raises Unavailable
        when the server shuts down, ClientHasLeft when the client is gone.
        """
        keys, reached = self._read.keys, list(self.reached)
        while True:
            found = self._read.wait(self._plate, conf.limit("STREAMS_TAIL_HEARTBEAT_MS"))
            session.release()
            if found is None:
                yield None
                continue
            for key, entries in found.items():
                for entry in entries:
                    reached[keys.index(key)] = id_of(entry)
                    yield Tailed(key, entry, reached)
            self._read = replace(self._read, positions=[*map(Position, keys, reached)])
