"""How far a consumer group has read: the read counter and the lag (LAG-1 to LAG-8).

Both count entries ever added, deleted ones included. They are exact until an entry is deleted that
the group has not read. From then on the count can be computed only for IDs at the ends of the
stream.
"""

from bisect import bisect_right
from collections.abc import Sequence

from streams.domain.counters import wrapped
from streams.domain.ids import NO_ID, EntryId
from streams.domain.streams import Stream


def lag(stream: Stream, last_delivered_id: EntryId, entries_read: int | None) -> int | None:
    """How many entries of the stream the group has not read yet; None: unknown (LAG-3).

    It is negative if XSETID or ENTRIESREAD have set counters that contradict each other (LAG-7).
    """
    if not stream.entries_added or not stream.length:
        return 0
    first = stream.recorded_first_entry_id
    if last_delivered_id < first and stream.max_deleted_entry_id < first:
        return stream.length
    if entries_read is None or _has_tombstone_from(stream, last_delivered_id):
        entries_read = _position(stream, last_delivered_id)
    return None if entries_read is None else wrapped(stream.entries_added - entries_read)


def entries_read_after(
    stream: Stream,
    last_delivered_id: EntryId,
    entries_read: int | None,
    delivered: Sequence[EntryId],
) -> int | None:
    """The group's read counter after these entries were delivered by `>`; None: unknown (LAG-4).

    `last_delivered_id` and `entries_read` are those before the delivery; `delivered` is in
    ascending order.
    """
    decisive = _first_decisive(stream, last_delivered_id, delivered)
    previous = delivered[decisive - 1] if decisive else last_delivered_id
    for index in range(decisive, len(delivered)):
        if entries_read is not None and _counts_on(stream, previous):
            # IDs only grow, so nothing is known to be gone before the later entries either.
            return wrapped(entries_read + len(delivered) - index)
        previous = delivered[index]
        if stream.entries_added:
            entries_read = _position(stream, previous)
    return entries_read


def _first_decisive(
    stream: Stream, last_delivered_id: EntryId, delivered: Sequence[EntryId]
) -> int:
    """The index of the first entry that decides the counter after the delivery.

    An entry whose predecessor is not above the last tombstone sets the counter, whatever it was. So
    of these entries only the last matters.
    """
    if not delivered or not _has_tombstone_from(stream, last_delivered_id):
        return 0
    return min(bisect_right(delivered, stream.max_deleted_entry_id), len(delivered) - 1)


def _counts_on(stream: Stream, last_delivered_id: EntryId) -> bool:
    """Whether no entry is known to be gone between that ID and the next entry (LAG-4).

    Trims remove the oldest entries. So some may be gone between an ID before the first entry and
    that entry.
    """
    return last_delivered_id >= stream.recorded_first_entry_id and not _has_tombstone_from(
        stream, last_delivered_id
    )


def _has_tombstone_from(stream: Stream, entry_id: EntryId) -> bool:
    """Whether an entry is known to be deleted at or after that ID (LAG-1)."""
    max_deleted = stream.max_deleted_entry_id
    return stream.length > 0 and max_deleted != NO_ID and entry_id <= max_deleted


def _position(stream: Stream, entry_id: EntryId) -> int | None:
    """How many entries were ever added up to that ID; None: unknown (LAG-2)."""
    if not stream.entries_added:
        return 0
    if not stream.length and entry_id <= stream.last_generated_id:
        return stream.entries_added
    if entry_id != NO_ID and entry_id < stream.max_deleted_entry_id:
        return None
    if entry_id == stream.last_generated_id:
        return stream.entries_added
    if entry_id > stream.last_generated_id:
        return None
    return _position_at_first(stream, entry_id)


def _position_at_first(stream: Stream, entry_id: EntryId) -> int | None:
    """As `_position`. Known up to the first entry, if no entry after it was deleted."""
    first, max_deleted = stream.recorded_first_entry_id, stream.max_deleted_entry_id
    if entry_id > first or (max_deleted != NO_ID and max_deleted >= first):
        return None
    read_before_first = wrapped(stream.entries_added - stream.length)
    return wrapped(read_before_first + 1) if entry_id == first else read_before_first
