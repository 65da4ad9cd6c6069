"""XREAD: read the entries above an ID in several streams, and wait for them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple

from streams import clock, wakeups
from streams.commands.contract import SHORT_COUNT, Locks, Names, capped_block_ms, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand, Unavailable
from streams.domain.ids import NO_ID, EntryId, parse_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.read_options import parse_read_options
from streams.domain.scopes import Scope
from streams.rounds.bounds import blocked_readers
from streams.rounds.conflicts import again_after_conflict
from streams.rounds.gathering import SharedLooks
from streams.store import entries, streams
from streams.store.entries import Rendered, StoredEntry

After = EntryId | Literal["$", "+"]
"""Read the entries above that ID; `$`: above the last ID now; `+`: the newest entry only."""

EntriesByKey = dict[str, list[StoredEntry]]


class ReadPosition(NamedTuple):
    """A stream, and after which ID to read in it."""

    key: str
    after: After


@dataclass(frozen=True, slots=True)
class Read:
    """XREAD [COUNT n] [BLOCK ms] STREAMS key [key …] id [id …]

    Replies with an object from key to entries, for the streams that have some; null if none has
    (XREAD-12, XREAD-13). If a key is named twice, its entries are joined.
    """

    name: ClassVar = "XREAD"
    arity: ClassVar = -4
    scope: ClassVar = Scope.READ
    can_block: ClassVar = True

    positions: Sequence[ReadPosition]
    # Entries per stream; None: all.
    count: int | None = None
    # None: reply at once; 0: wait as long as the server allows.
    block_ms: int | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "Read":
        """Check in the order of XREAD-1 to 7. Raises InvalidCommand, TooLarge."""
        options = parse_read_options(arguments, command="xread", now_ms=clock.now_ms())
        check_number(len(options.streams), "streams")
        positions = [ReadPosition(key, parse_after(text)) for key, text in options.streams]
        return cls(positions, options.count, options.block_ms)

    @property
    def keys(self) -> Sequence[str]:
        """The keys in the order of the command; a key may be there twice."""
        return [position.key for position in self.positions]

    @property
    def is_short(self) -> bool:
        if self.block_ms is not None:
            return False
        most = [1 if after == "+" else self.count for _, after in self.positions]
        return None not in most and sum(filter(None, most)) <= SHORT_COUNT

    @property
    def names(self) -> Names:
        return Names(self.keys)

    @property
    def locks(self) -> Locks:
        return Locks(self.keys)

    def without_blocking(self) -> "Read":
        return replace(self, block_ms=None)

    async def execute(self, plate: PlateId) -> EntriesByKey:
        if self.block_ms is None:
            return await (await self.with_ids(plate)).look(plate)
        with blocked_readers.admitted(plate):
            return await self.wait(plate, capped_block_ms(self.block_ms))

    def reply(self, result: EntriesByKey) -> dict[str, list[Rendered]] | None:
        return {key: [entry.rendered for entry in result[key]] for key in result} or None

    async def wait(self, plate: PlateId, block_ms: int) -> EntriesByKey:
        """Wait for entries, for at most `block_ms`; returns nothing if none is added.

        The caller must count as a blocked reader. Raises Unavailable when the server shuts down,
        ReaderEnded when its client has left or its API key was revoked.
        """
        names = [StreamName(plate, key) for key in self.keys]
        with wakeups.waiting(names, block_ms) as waiting:
            # `$` is resolved only now, when every later entry wakes the reader (BLK-4).
            read = await self.with_ids(plate)
            found = await read.look_with_others(plate)
            while not found and await waiting.sleep():
                # While the database is away the reader sleeps on; the hub wakes it afterwards.
                with suppress(Unavailable):
                    found = await read.look_with_others(plate)
            return found

    @again_after_conflict
    async def with_ids(self, plate: PlateId) -> "Read":
        """This command with each `$` replaced by the stream's last-generated-id (XREAD-9)."""
        keys = [position.key for position in self.positions if position.after == "$"]
        if not keys:
            return self
        found = await streams.find_all(plate, keys)
        tops = {key: stream.last_generated_id for key, stream in found.items()}
        return replace(
            self,
            positions=[
                ReadPosition(key, tops.get(key, NO_ID) if after == "$" else after)
                for key, after in self.positions
            ],
        )

    async def look_with_others(self, plate: PlateId) -> EntriesByKey:
        """As `look`, but readers after the same IDs at the same time share one look."""
        key = (plate, tuple(self.positions), self.count)
        return await _shared.look(plate, key, lambda: self.look(plate))

    @again_after_conflict
    async def look(self, plate: PlateId) -> EntriesByKey:
        """The entries that are there now. `$` must have been replaced by an ID."""
        found: dict[int, list[StoredEntry]] = {}
        above = [
            (index, key, after)
            for index, (key, after) in enumerate(self.positions)
            if isinstance(after, EntryId)
        ]
        if above:
            rows = await entries.after(
                plate, [(key, after) for _, key, after in above], count=self.count
            )
            for row, entry in rows:
                found.setdefault(above[row][0], []).append(entry)
        newest = [(index, key) for index, (key, after) in enumerate(self.positions) if after == "+"]
        if newest:
            for row, entry in await entries.newest(plate, [key for _, key in newest]):
                found.setdefault(newest[row][0], []).append(entry)
        return self._by_key(found)

    def _by_key(self, found: dict[int, list[StoredEntry]]) -> EntriesByKey:
        by_key: EntriesByKey = {}
        for index in sorted(found):
            by_key.setdefault(self.positions[index].key, []).extend(found[index])
        return by_key


_shared: SharedLooks[tuple[PlateId, tuple[ReadPosition, ...], int | None], EntriesByKey] = (
    SharedLooks()
)


def parse_after(text: str) -> After:
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
