"""Append entries to streams. Concurrent callers of one process share their commits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams import clock
from streams.domain.entries import NewEntry
from streams.domain.errors import IdConflict
from streams.domain.ids import EntryId
from streams.domain.nodes import SealedNode
from streams.domain.plates import StreamName
from streams.domain.streams import Stream, append_all
from streams.domain.trimming import Threshold
from streams.operations import locking, trimming
from streams.rounds.bounds import queued_appends
from streams.rounds.gathering import Rounds
from streams.store import entries, nodes, session, streams
from streams.wakeups import announcing

MAX_APPENDS_IN_A_ROUND = 512
"""How many appends one commit takes at most."""


@dataclass(frozen=True, slots=True)
class Append:
    """One caller's entries for one stream: either all are added or none."""

    name: StreamName
    entries: Sequence[NewEntry]
    make_stream: bool
    # None: nothing is trimmed.
    trim: Threshold | None


AppendOutcome = list[EntryId] | None | IdConflict
"""The new IDs; None if the stream is missing and `make_stream` is off; or the refusal."""


async def append(appends: Sequence[Append]) -> Sequence[AppendOutcome]:
    """Append for callers of one plate, in order; returns each one's own outcome.

    The entries are on disk when this returns; inside a transaction, when that commits. Raises
    TooManyRequests or Unavailable if too many entries wait to be committed.
    """
    if not appends:
        return ()
    if session.in_transaction():
        return await _commit(appends)
    entry_count = sum(len(append.entries) for append in appends)
    with queued_appends.admitted(appends[0].name.plate, entry_count):
        return await _rounds.do(appends[0].name.plate, appends)


async def _commit(appends: Sequence[Append]) -> list[AppendOutcome]:
    """Append for many callers in one transaction.

    1. Lock the streams in the common order; missing ones that may be made are made first.
    2. Give each caller's entries their IDs, in Python, from the counters of the locked rows.
    3. Insert the entries and the full storage nodes, and trim where an append asks for it.
    4. Save the counters and commit.
    5. Wake the readers of the streams.
    """
    names = dict.fromkeys(append.name for append in appends)
    make = dict.fromkeys(append.name for append in appends if append.make_stream)
    async with locking.streams_locked(names, make=make) as found:
        transaction = _Transaction(found, clock.now_ms())
        outcomes = [await transaction.append(append) for append in appends]
        await transaction.write()
        appended = [
            append.name
            for append, outcome in zip(appends, outcomes, strict=True)
            if isinstance(outcome, list)
        ]
        session.after_commit(lambda: announcing.announce(appended))
    return outcomes


_rounds: Rounds[Append, AppendOutcome] = Rounds(_commit, round_limit=MAX_APPENDS_IN_A_ROUND)


@dataclass(slots=True)
class _Transaction:
    """The streams of a transaction as they change, and the rows that are not written yet."""

    streams: dict[StreamName, Stream]
    now_ms: int
    changed: set[StreamName] = field(default_factory=set)
    entry_rows: list[entries.EntryRow] = field(default_factory=list)
    node_rows: list[tuple[Stream, SealedNode]] = field(default_factory=list)

    async def append(self, append: Append) -> AppendOutcome:
        stream = self.streams.get(append.name)
        if stream is None or (locking.is_placeholder(stream) and not append.make_stream):
            return None
        try:
            appended, ids, sealed = append_all(stream, append.entries, self.now_ms)
        except IdConflict as refusal:
            return refusal
        locking.keep(stream)
        self.changed.add(append.name)
        self._queue_rows(appended, append.entries, ids, sealed)
        self.streams[append.name] = await self._trimmed(appended, append.trim)
        return ids

    async def write(self) -> None:
        """Write everything that changed."""
        await self._write_rows()
        if self.changed:
            await streams.save([self.streams[name] for name in self.changed], wakes_readers=True)

    async def _trimmed(self, stream: Stream, trim: Threshold | None) -> Stream:
        if trim is None or not trim.may_remove(stream.length, stream.recorded_first_entry_id):
            return stream
        # The trim works on the tables, so the new entries must be in them.
        await self._write_rows()
        return (await trimming.trim(stream, trim))[0]

    def _queue_rows(
        self,
        stream: Stream,
        new_entries: Sequence[NewEntry],
        ids: list[EntryId],
        sealed: list[SealedNode],
    ) -> None:
        self.entry_rows += [
            entries.EntryRow(stream.name.plate, stream.id, entry_id, entry.document)
            for entry, entry_id in zip(new_entries, ids, strict=True)
        ]
        self.node_rows += [(stream, node) for node in sealed]

    async def _write_rows(self) -> None:
        if self.entry_rows:
            await entries.insert(self.entry_rows)
            self.entry_rows = []
        if self.node_rows:
            await nodes.insert(self.node_rows)
            self.node_rows = []
