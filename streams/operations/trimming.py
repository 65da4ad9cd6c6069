"""Trim a locked stream: entries, storage nodes and counters together."""

from collections.abc import AsyncIterator
from dataclasses import replace

from streams.domain.ids import EntryId
from streams.domain.nodes import SealedNode, TailNode, nodes_to_drop, trimmed, without
from streams.domain.streams import Stream, without_entries
from streams.domain.trimming import Threshold
from streams.store import entries, nodes, streams


async def trim_and_save(stream: Stream, threshold: Threshold) -> int:
    """Trim a locked stream; returns how many live entries were removed (TRIM-12 to TRIM-18)."""
    after, removed = await trim(stream, threshold)
    if removed:
        await streams.save([after])
    return removed


async def trim(stream: Stream, threshold: Threshold) -> tuple[Stream, int]:
    """Trim; returns the stream as it is then, and the number of entries removed (TRIM-12 to 18).

    The caller holds the stream's lock, has written all entries appended so far, and saves the
    returned stream.

    1. Find the greatest ID that goes.
    2. Remove the entries and the full storage nodes up to it.
    3. Adjust the length, the first ID, and the nodes that lost only some of their entries.
    """
    if not threshold.may_remove(stream.length, stream.recorded_first_entry_id):
        return stream, 0
    last = await _last_to_go(stream, threshold)
    if last is None:
        return stream, 0
    removed = await entries.delete_up_to(stream, last)
    await nodes.delete_up_to(stream, last)
    first = await entries.first_id_above(stream, last)
    remaining = without_entries(stream, removed, first)
    return replace(remaining, tail_node=await _tail_after(remaining, threshold, last)), removed


async def _last_to_go(stream: Stream, threshold: Threshold) -> EntryId | None:
    """The greatest ID that the trim removes; None: it removes nothing."""
    if threshold.approximate:
        return await _last_of_dropped_nodes(stream, threshold)
    if threshold.min_id is not None:
        return threshold.min_id.previous()
    assert threshold.max_length is not None
    return await entries.id_at(stream, stream.length - threshold.max_length - 1)


async def _last_of_dropped_nodes(stream: Stream, threshold: Threshold) -> EntryId | None:
    dropped = await nodes_to_drop(
        _all_nodes(stream),
        length=stream.length,
        max_length=threshold.max_length,
        min_id=threshold.min_id,
        limit=threshold.limit,
    )
    return dropped[-1].last_slot_id if dropped else None


async def _all_nodes(stream: Stream) -> AsyncIterator[SealedNode]:
    """All nodes, oldest first, with the tail node last; fetched while the caller iterates."""
    async for node in nodes.oldest_first(stream):
        yield node
    if tail := stream.tail_node:
        yield SealedNode(tail.last_slot_id, tail.live)


async def _tail_after(stream: Stream, threshold: Threshold, last: EntryId) -> TailNode | None:
    """The tail node after the trim; also corrects the oldest full node that is left.

    An exact trim may take some of that node's entries. If it takes all of them, the node stays
    after MINID (its last slot is not below the threshold), and goes after MAXLEN.
    """
    tail = stream.tail_node
    if tail is None or tail.last_slot_id <= last:
        return None
    if threshold.approximate:
        return tail
    oldest = await nodes.recount_oldest(stream)
    if oldest is None:
        shrink = trimmed if threshold.max_length is None else without
        return shrink(tail, tail.live - stream.length)
    if oldest.live == 0 and threshold.max_length is not None:
        await nodes.delete_up_to(stream, oldest.last_slot_id)
    return tail
