"""Tail streams: give every entry above a position as soon as it is added."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from streams import conf
from streams.commands.xread import After, Read, ReadPosition
from streams.domain.ids import parse_id
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.rounds.bounds import blocked_readers
from streams.store.entries import StoredEntry

ENTRIES_AT_ONCE = 100
"""How many entries of each stream a tail fetches at once, and holds if its client is slow."""


class TailedEntry(NamedTuple):
    """An entry, and the ID after which each stream goes on, in the order of the streams."""

    key: str
    entry: StoredEntry
    reached: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tail:
    """A tail of several streams, each from its own position. It is XREAD in a loop."""

    name: ClassVar = "TAIL"
    scope: ClassVar = Scope.READ
    can_block: ClassVar = True
    is_short: ClassVar = False

    positions: Sequence[ReadPosition]

    async def execute(self, plate: PlateId) -> "OpenTail":
        """Open it. Raises TooManyRequests or Unavailable if there are too many blocked readers."""
        with ExitStack() as admission:
            admission.enter_context(blocked_readers.admitted(plate))
            read = await Read(self.positions, ENTRIES_AT_ONCE).with_ids(plate)
            return OpenTail(plate, read, admission.pop_all())

    def reply(self, result: "OpenTail") -> "OpenTail":
        return result


class OpenTail:
    """A tail under way. It counts as one blocked reader from its opening until it is closed.

    So a tail that was admitted is never refused later.
    """

    def __init__(self, plate: PlateId, read: Read, admission: ExitStack) -> None:
        self._plate = plate
        self._read = read
        self._admission = admission

    def close(self) -> None:
        """End the tail: it no longer counts as a blocked reader."""
        self._admission.close()

    @property
    def reached(self) -> Sequence[str]:
        """The ID after which each stream goes on; for `$`, its last-generated-id at the opening."""
        return [str(position.after) for position in self._read.positions]

    async def follow(self) -> AsyncGenerator[TailedEntry | None, None]:
        """Yields entries as they are added, and None after STREAMS_TAIL_HEARTBEAT_MS without any.

        Holds no database connection while it sleeps or waits for a slow client. Raises Unavailable
        when the server shuts down, ReaderEnded when its client has left or its API key was revoked.
        """
        keys, reached = self._read.keys, list(self.reached)
        while True:
            found = await self._read.wait(self._plate, conf.limit("STREAMS_TAIL_HEARTBEAT_MS"))
            if not found:
                yield None
                continue
            for key, entries in found.items():
                for entry in entries:
                    reached[keys.index(key)] = entry.id_text
                    yield TailedEntry(key, entry, reached)
            self._read = replace(self._read, positions=_positions(keys, reached))


def _positions(keys: Sequence[str], reached: Sequence[str]) -> list[ReadPosition]:
    after: list[After] = [parse_id(text) for text in reached]
    return [*map(ReadPosition, keys, after)]
