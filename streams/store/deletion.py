"""Delete entries of a locked stream: entries, storage nodes and counters together."""

from collections.abc import Collection
from dataclasses import replace

from streams.domain.ids import EntryId
from streams.domain.nodes import TailNode, without
from streams.domain.streams import Stream, without_entries
from streams.store import entries, nodes


def delete(stream: Stream, ids: Collection[EntryId]) -> tuple[Stream, int]:
    """The stream without those of the entries that exist, and how many did (XDEL-3).

    The caller holds the stream's lock and saves the stream that comes back.
    """
    gone = entries.delete(stream, ids)
    if not gone:
        return stream, 0
    remaining = without_entries(stream, len(gone), _first_after(stream, gone))
    deleted = replace(
        remaining,
        max_deleted_entry_id=max(stream.max_deleted_entry_id, *gone),
        tail_node=_tail_after(stream, gone),
    )
    return deleted, len(gone)


def _first_after(stream: Stream, gone: list[EntryId]) -> EntryId | None:
    first = stream.recorded_first_entry_id
    return entries.first_id_above(stream, first) if first in gone else first


def _tail_after(stream: Stream, gone: list[EntryId]) -> TailNode | None:
    in_full_nodes = nodes.remove_entries(stream, gone)
    tail, in_tail = stream.tail_node, len(gone) - in_full_nodes
    return without(tail, in_tail) if tail and in_tail else tail
