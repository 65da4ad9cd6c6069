"""Commit the appends of many callers together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.domain.entries import NewEntry
from streams.domain.errors import IdConflict
from streams.domain.ids import EntryId
from streams.domain.nodes import SealedNode
from streams.domain.plates import StreamName
from streams.domain.streams import Stream, append_all
from streams.domain.trimming import Trim
from streams.store import entries, nodes, streams, trimming


@dataclass(frozen=True, slots=True)
class Append:
    """One caller's entries for one stream: all are added, or none."""

    name: StreamName
    entries: Sequence[NewEntry]
    make_stream: bool
    trim: Trim | None


Outcome = list[EntryId] | None | IdConflict
"""The new IDs; None where the stream is missing and was not to be made; or the refusal."""


def commit(appends: Sequence[Append], now_ms: int) -> list[Outcome]:
    """Append for all, in order, in one transaction; each has its own outcome."""
    names = dict.fromkeys(append.name for append in appends)
    make = dict.fromkeys(append.name for append in appends if append.make_stream)
    with streams.locked(names, make=make) as found:
        batch = _Batch(found, now_ms)
        outcomes = [batch.append(append) for append in appends]
        batch.write()
    return outcomes


@dataclass(slots=True)
class _Batch:
    """The streams of a transaction as they change, and the rows that are still to be written."""

    streams: dict[StreamName, Stream]
    now_ms: int
    changed: set[StreamName] = field(default_factory=set)
    entry_rows: list[entries.EntryRow] = field(default_factory=list)
    node_rows: list[tuple[Stream, SealedNode]] = field(default_factory=list)

    def append(self, append: Append) -> Outcome:
        stream = self.streams.get(append.name)
        if stream is None or (streams.is_unborn(stream) and not append.make_stream):
            return None
        try:
            appended, ids, sealed = append_all(stream, append.entries, self.now_ms)
        except IdConflict as refusal:
            return refusal
        streams.bear(stream)
        self.changed.add(append.name)
        self._queue_rows(appended, append.entries, ids, sealed)
        self.streams[append.name] = self._trimmed(appended, append.trim)
        return ids

    def write(self) -> None:
        """Write everything that changed."""
        self._write_rows()
        if self.changed:
            streams.save([self.streams[name] for name in self.changed])

    def _trimmed(self, stream: Stream, trim: Trim | None) -> Stream:
        if trim is None or not trim.may_remove(stream.length, stream.recorded_first_entry_id):
            return stream
        self._write_rows()
        return trimming.trim(stream, trim)[0]

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

    def _write_rows(self) -> None:
        if self.entry_rows:
            entries.insert(self.entry_rows)
            self.entry_rows = []
        if self.node_rows:
            nodes.insert(self.node_rows)
            self.node_rows = []
