"""The state of a stream, and how appends change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from streams.domain.counters import wrapped
from streams.domain.entries import NewEntry
from streams.domain.errors import IdConflict
from streams.domain.ids import MAX_ID, MAX_PART, NO_ID, AddId, EntryId
from streams.domain.nodes import SealedNode, TailNode, add_to_tail
from streams.domain.plates import StreamName


@dataclass(frozen=True, slots=True)
class Stream:
    """The counters of an existing stream (section "State model" of docs/semantics.md)."""

    id: int
    name: StreamName
    length: int = 0
    last_generated_id: EntryId = NO_ID
    recorded_first_entry_id: EntryId = NO_ID
    max_deleted_entry_id: EntryId = NO_ID
    entries_added: int = 0
    tail_node: TailNode | None = None


def next_id(last: EntryId, add_id: AddId, now_ms: int) -> EntryId:
    """The ID of a new entry, above the last-generated-id `last`; `now_ms` is Unix time.

    Raises IdConflict if the wanted ID is not above `last`, or no ID is left (XADD-6 to 10).
    """
    if last == MAX_ID:
        raise IdConflict(
            "ERR The stream has exhausted the last possible ID, unable to add more items"
        )
    if add_id.ms is None:
        return EntryId(now_ms, 0) if now_ms > last.ms else last.next()
    if add_id.seq is None:
        return _next_in_millisecond(last, add_id.ms)
    entry_id = EntryId(add_id.ms, add_id.seq)
    if entry_id <= last:
        raise _not_above_the_top()
    return entry_id


def append_all(
    stream: Stream, entries: Sequence[NewEntry], now_ms: int
) -> tuple[Stream, list[EntryId], list[SealedNode]]:
    """The stream after these entries were added, their IDs, and the storage nodes they filled.

    Raises IdConflict, with the index of the entry, if one of them cannot be added. `now_ms` is Unix
    time.
    """
    ids: list[EntryId] = []
    last = stream.last_generated_id
    for index, entry in enumerate(entries):
        try:
            last = next_id(last, entry.add_id, now_ms)
        except IdConflict as conflict:
            conflict.entry_index = index
            raise
        ids.append(last)
    all_fields = (entry.fields for entry in entries)
    tail_node, sealed_nodes = add_to_tail(stream.tail_node, zip(ids, all_fields, strict=True))
    appended = replace(
        stream,
        length=stream.length + len(ids),
        last_generated_id=last,
        recorded_first_entry_id=stream.recorded_first_entry_id if stream.length else ids[0],
        entries_added=wrapped(stream.entries_added + len(ids)),
        tail_node=tail_node,
    )
    return appended, ids, sealed_nodes


def without_entries(stream: Stream, removed: int, first: EntryId | None) -> Stream:
    """The stream after `removed` entries went; `first` is the smallest ID left (ST-4)."""
    return replace(stream, length=stream.length - removed, recorded_first_entry_id=first or NO_ID)


def _next_in_millisecond(last: EntryId, ms: int) -> EntryId:
    if ms > last.ms:
        return EntryId(ms, 0)
    if ms < last.ms or last.seq == MAX_PART:
        raise _not_above_the_top()
    return last.next()


def _not_above_the_top() -> IdConflict:
    return IdConflict(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item"
    )
