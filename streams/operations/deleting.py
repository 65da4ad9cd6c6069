"""Delete entries of a stream, or a whole stream."""

from collections.abc import Collection
from dataclasses import replace

from streams.domain.ids import EntryId
from streams.domain.nodes import TailNode, without
from streams.domain.streams import Stream, without_entries
from streams.store import entries, groups, nodes, session, streams
from streams.wakeups import announcing


async def delete_entries(stream: Stream, ids: Collection[EntryId]) -> int:
    """Delete entries of a locked stream by their IDs; returns how many existed (XDEL-3)."""
    gone = await entries.delete(stream, ids)
    if gone:
        await streams.save([await _without(stream, gone)])
    return len(gone)


async def delete_stream(stream: Stream) -> None:
    """Delete a locked stream with its entries, groups and pending entries (GEN-12).

    1. Lock all groups of the stream. Otherwise a delivery could meanwhile add pending entries,
       which would stay behind.
    2. Delete the stream with all that belongs to it.
    3. Wake the readers of the stream after the commit.
    """
    await groups.lock_all_of(stream)
    await streams.delete(stream)
    # Readers that wait with one of the groups are woken, and are refused (BLK-11).
    session.after_commit(lambda: announcing.announce([stream.name]))


async def _without(stream: Stream, gone: list[EntryId]) -> Stream:
    remaining = without_entries(stream, len(gone), await _first_after(stream, gone))
    return replace(
        remaining,
        max_deleted_entry_id=max(stream.max_deleted_entry_id, *gone),
        tail_node=await _tail_after(stream, gone),
    )


async def _first_after(stream: Stream, gone: list[EntryId]) -> EntryId | None:
    first = stream.recorded_first_entry_id
    return await entries.first_id_above(stream, first) if first in gone else first


async def _tail_after(stream: Stream, gone: list[EntryId]) -> TailNode | None:
    in_full_nodes = await nodes.remove_entries(stream, gone)
    tail, in_tail = stream.tail_node, len(gone) - in_full_nodes
    return without(tail, in_tail) if tail and in_tail else tail
