"""Rows of `stream_node`: the full storage nodes of a stream (TRIM-15)."""

from collections.abc import AsyncIterator, Sequence

from streams.domain.ids import EntryId
from streams.domain.nodes import SealedNode
from streams.domain.streams import Stream
from streams.store import literals, session

# Writes full nodes of any locked streams. Gives nothing; locks the new rows.
INSERT_NODES = """
    INSERT INTO stream_node (plate_id, stream_id, last_ms, last_seq, live)
    SELECT *
    FROM ROWS FROM (
        unnest(%(plates)s::bigint[]),
        unnest(%(streams)s::bigint[]),
        unnest(%(ms)s::numeric[]),
        unnest(%(seq)s::numeric[]),
        unnest(%(lives)s::integer[])
    ) AS new (plate, stream, ms, seq, live)
"""

# Gives a page of a stream's full nodes, oldest first. Locks nothing. ORDER BY must name the table:
# a bare `last_ms` there is the selected text.
OLDEST_NODES = """
    SELECT last_ms::text, last_seq::text, live
    FROM stream_node
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND (last_ms, last_seq) > (%(ms)s::numeric, %(seq)s::numeric)
    ORDER BY stream_node.last_ms, stream_node.last_seq
    LIMIT %(count)s
"""

# Gives the number of full nodes of a stream. Locks nothing.
COUNT_NODES = """
    SELECT count(*)
    FROM stream_node
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
"""

# Removes the nodes of a locked stream whose last slot is not above an ID. Gives nothing; locks the
# rows that it removes.
DELETE_NODES_UP_TO = """
    DELETE FROM stream_node
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND (last_ms, last_seq) <= (%(ms)s::numeric, %(seq)s::numeric)
"""

# Sets the number of live entries of the oldest full node of a locked stream: all entries up to its
# last slot are its own. Gives the node, or no row; locks its row.
RECOUNT_OLDEST_NODE = """
    UPDATE stream_node
    SET live = (
        SELECT count(*)
        FROM entry
        WHERE entry.plate_id = stream_node.plate_id
          AND entry.stream_id = stream_node.stream_id
          AND (entry.ms, entry.seq) <= (stream_node.last_ms, stream_node.last_seq)
    )
    FROM (
        SELECT last_ms, last_seq
        FROM stream_node
        WHERE plate_id = %(plate)s
          AND stream_id = %(stream)s
        ORDER BY last_ms, last_seq
        LIMIT 1
    ) AS oldest
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND stream_node.last_ms = oldest.last_ms
      AND stream_node.last_seq = oldest.last_seq
    RETURNING oldest.last_ms::text, oldest.last_seq::text, live
"""

# Subtracts removed entries from the live entries of the full nodes that held them, in a locked
# stream. IDs in the tail node match no row. Gives each changed node, and how many entries it lost;
# locks its row.
SHRINK_NODES = """
    UPDATE stream_node
    SET live = live - loss.removed
    FROM (
        SELECT node.last_ms, node.last_seq, count(*) AS removed
        FROM ROWS FROM (unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])) AS gone (ms, seq)
        CROSS JOIN LATERAL (
            SELECT last_ms, last_seq
            FROM stream_node
            WHERE plate_id = %(plate)s
              AND stream_id = %(stream)s
              AND (last_ms, last_seq) >= (gone.ms, gone.seq)
            ORDER BY last_ms, last_seq
            LIMIT 1
        ) AS node
        GROUP BY node.last_ms, node.last_seq
    ) AS loss
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND stream_node.last_ms = loss.last_ms
      AND stream_node.last_seq = loss.last_seq
    RETURNING loss.last_ms::text, loss.last_seq::text, live, loss.removed
"""

# Removes the nodes of a locked stream with these last slots. Gives nothing; locks the rows that it
# removes.
DELETE_NODES = """
    DELETE FROM stream_node
    USING ROWS FROM (unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])) AS gone (ms, seq)
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND last_ms = gone.ms
      AND last_seq = gone.seq
"""

_PAGE = 100
"""How many nodes are fetched at once."""


async def insert(nodes: Sequence[tuple[Stream, SealedNode]]) -> None:
    """Write the nodes that appends have filled."""
    await session.execute(
        INSERT_NODES,
        {
            "plates": literals.integers(stream.name.plate for stream, _ in nodes),
            "streams": literals.integers(stream.id for stream, _ in nodes),
            "ms": literals.integers(node.last_slot_id.ms for _, node in nodes),
            "seq": literals.integers(node.last_slot_id.seq for _, node in nodes),
            "lives": literals.integers(node.live for _, node in nodes),
        },
    )


async def oldest_first(stream: Stream) -> AsyncIterator[SealedNode]:
    """The full nodes of a stream, fetched in pages while the caller iterates."""
    after = EntryId(0, 0)
    while True:
        rows = await session.fetch_all(
            OLDEST_NODES,
            {**_of(stream), "ms": str(after.ms), "seq": str(after.seq), "count": _PAGE},
        )
        page = [SealedNode(EntryId(int(ms), int(seq)), live) for ms, seq, live in rows]
        for node in page:
            yield node
        if len(page) < _PAGE:
            return
        after = page[-1].last_slot_id


async def count(stream: Stream) -> int:
    """How many full nodes the stream has."""
    row = await session.fetch_one(COUNT_NODES, _of(stream))
    assert row is not None
    return int(row[0])


async def delete_up_to(stream: Stream, last: EntryId) -> None:
    """Remove the nodes whose last slot is not above that ID."""
    await session.execute(
        DELETE_NODES_UP_TO, {**_of(stream), "ms": str(last.ms), "seq": str(last.seq)}
    )


async def recount_oldest(stream: Stream) -> SealedNode | None:
    """Count the live entries of the oldest full node again; returns that node, None: there is none.

    For a trim that has removed all nodes before it, and some of its own entries.
    """
    row = await session.fetch_one(RECOUNT_OLDEST_NODE, _of(stream))
    return SealedNode(EntryId(int(row[0]), int(row[1])), row[2]) if row else None


async def remove_entries(stream: Stream, gone: Sequence[EntryId]) -> int:
    """Subtract removed entries from their nodes; a node that has none left goes, too (TRIM-15).

    Returns how many of the entries were in full nodes; the others were in the tail node.
    """
    rows = await session.fetch_all(SHRINK_NODES, {**_of(stream), **literals.entry_ids(gone)})
    emptied = [EntryId(int(ms), int(seq)) for ms, seq, live, _ in rows if live == 0]
    if emptied:
        await session.execute(DELETE_NODES, {**_of(stream), **literals.entry_ids(emptied)})
    return sum(int(removed) for *_, removed in rows)


def _of(stream: Stream) -> dict[str, object]:
    return {"plate": stream.name.plate, "stream": stream.id}
