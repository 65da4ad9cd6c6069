"""Rows of `stream`."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass

from streams.domain.ids import EntryId
from streams.domain.nodes import TailNode
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import literals, session


def _columns(cast: str) -> str:
    return f"""
    stream.id, stream.plate_id, stream.key, stream.length,
    stream.last_generated_ms{cast}, stream.last_generated_seq{cast},
    stream.recorded_first_ms{cast}, stream.recorded_first_seq{cast},
    stream.max_deleted_ms{cast}, stream.max_deleted_seq{cast},
    stream.entries_added
    """


# The columns of a stream but for its tail node, for a statement that goes on to reckon with them.
COLUMNS = _columns("")

# The same columns as `from_row` takes them: the halves of IDs are not made Decimals.
COLUMNS_AS_TEXT = _columns("::text")

_WITH_TAIL_NODE = f"{COLUMNS_AS_TEXT}, stream.tail_node::text"

# Gives the named streams of any plates. Locks their rows until commit, in ascending id: all
# commands do, so there are no deadlocks.
LOCK_STREAMS = f"""
    SELECT {_WITH_TAIL_NODE}
    FROM stream
    JOIN ROWS FROM (unnest(%(plates)s::bigint[]), unnest(%(keys)s::bytea[])) AS wanted (plate, key)
      ON stream.plate_id = wanted.plate
     AND stream.key = wanted.key
    ORDER BY stream.id
    FOR NO KEY UPDATE OF stream
"""

# Gives the named streams of one plate, as they are now. Locks nothing.
FIND_STREAMS = f"""
    SELECT {_WITH_TAIL_NODE}
    FROM stream
    WHERE stream.plate_id = %(plate)s
      AND stream.key = ANY (%(keys)s::bytea[])
"""

# Gives for each named stream the count of events that wake its readers. Locks nothing.
FIND_SIGNALS = """
    SELECT stream.plate_id, stream.key, stream.id, stream.signals
    FROM stream
    JOIN ROWS FROM (unnest(%(plates)s::bigint[]), unnest(%(keys)s::bytea[])) AS wanted (plate, key)
      ON stream.plate_id = wanted.plate
     AND stream.key = wanted.key
"""

# Creates placeholders for names that have no stream, in byte order. Gives their ids; locks the new
# rows. If another transaction is creating a stream of the same name, this waits for its end, and
# creates nothing if that commits. So it must run before any row is locked.
CREATE_PLACEHOLDERS = """
    INSERT INTO stream (plate_id, key)
    SELECT wanted.plate, wanted.key
    FROM ROWS FROM (unnest(%(plates)s::bigint[]), unnest(%(keys)s::bytea[])) AS wanted (plate, key)
    ORDER BY wanted.plate, wanted.key
    ON CONFLICT (plate_id, key) DO NOTHING
    RETURNING plate_id, id
"""

# Writes the counters of locked streams, and adds `signals` to what may have woken their readers
# (BLK-5). Gives nothing; locks the rows of the streams.
SAVE_STREAMS = """
    UPDATE stream
    SET length = new.length,
        last_generated_ms = new.last_generated_ms,
        last_generated_seq = new.last_generated_seq,
        recorded_first_ms = new.recorded_first_ms,
        recorded_first_seq = new.recorded_first_seq,
        max_deleted_ms = new.max_deleted_ms,
        max_deleted_seq = new.max_deleted_seq,
        signals = signals + %(signals)s::integer,
        entries_added = new.entries_added,
        tail_node = nullif(new.tail_node::text, 'null')::json
    FROM ROWS FROM (
        unnest(%(plates)s::bigint[]),
        unnest(%(ids)s::bigint[]),
        unnest(%(lengths)s::bigint[]),
        unnest(%(last_generated_ms)s::numeric[]),
        unnest(%(last_generated_seq)s::numeric[]),
        unnest(%(recorded_first_ms)s::numeric[]),
        unnest(%(recorded_first_seq)s::numeric[]),
        unnest(%(max_deleted_ms)s::numeric[]),
        unnest(%(max_deleted_seq)s::numeric[]),
        unnest(%(entries_added)s::bigint[]),
        json_array_elements(%(tail_nodes)s::json)
    ) AS new (
        plate, id, length,
        last_generated_ms, last_generated_seq,
        recorded_first_ms, recorded_first_seq,
        max_deleted_ms, max_deleted_seq,
        entries_added, tail_node
    )
    WHERE stream.plate_id = new.plate
      AND stream.id = new.id
"""

# Gives the number of consumer groups of a stream. Locks nothing.
COUNT_GROUPS = """
    SELECT count(*)
    FROM consumer_group
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
"""

# Removes streams that have no entries, nodes or groups. Gives nothing; locks the rows that it
# removes.
DELETE_EMPTY_STREAMS = """
    DELETE FROM stream
    USING ROWS FROM (unnest(%(plates)s::bigint[]), unnest(%(ids)s::bigint[])) AS gone (plate, id)
    WHERE stream.plate_id = gone.plate
      AND stream.id = gone.id
"""

# Removes a locked stream, whose groups are locked too, with its entries, nodes, groups, consumers
# and pending entries. Gives nothing; locks the rows that it removes.
DELETE_STREAM = """
    WITH
    gone_group AS (
        DELETE FROM consumer_group
        WHERE plate_id = %(plate)s AND stream_id = %(stream)s
        RETURNING id
    ),
    gone_pending AS (
        DELETE FROM pending_entry
        WHERE plate_id = %(plate)s AND group_id IN (SELECT id FROM gone_group)
    ),
    gone_consumer AS (
        DELETE FROM consumer
        WHERE plate_id = %(plate)s AND group_id IN (SELECT id FROM gone_group)
    ),
    gone_node AS (
        DELETE FROM stream_node
        WHERE plate_id = %(plate)s AND stream_id = %(stream)s
    ),
    gone_entry AS (
        DELETE FROM entry
        WHERE plate_id = %(plate)s AND stream_id = %(stream)s
    )
    DELETE FROM stream
    WHERE plate_id = %(plate)s AND id = %(stream)s
"""

# Gives one page of a plate's streams in byte order of their keys. Locks nothing.
LIST_STREAMS = """
    SELECT key, length, last_generated_ms || '-' || last_generated_seq,
           (SELECT count(*)
            FROM consumer_group
            WHERE consumer_group.plate_id = stream.plate_id
              AND consumer_group.stream_id = stream.id)
    FROM stream
    WHERE plate_id = %(plate)s
      AND key >= %(start)s
    ORDER BY key
    LIMIT %(count)s
"""


LISTED_AT_ONCE = 200
"""How many streams `listed` fetches at once."""


async def find(plate: PlateId, key: str) -> Stream | None:
    """The stream as it is now; None if it does not exist."""
    return (await find_all(plate, [key])).get(key)


async def find_all(plate: PlateId, keys: Iterable[str]) -> dict[str, Stream]:
    """The streams that exist, by key; placeholders do not."""
    placeholders = session.placeholders()
    rows = await session.fetch_all(FIND_STREAMS, {"plate": plate, "keys": literals.names(keys)})
    return {
        stream.name.key: stream for stream in map(_from_row, rows) if stream.id not in placeholders
    }


async def signals(names: Collection[StreamName]) -> dict[StreamName, tuple[int, int]]:
    """For each stream that exists, a value that changes with every event that wakes its readers."""
    rows = await session.fetch_all(FIND_SIGNALS, _named(names))
    return {StreamName(plate, bytes(key).decode()): (id_, count) for plate, key, id_, count in rows}


async def lock_all(names: Collection[StreamName]) -> dict[StreamName, Stream]:
    """The rows of these streams, placeholders included, locked until the transaction ends."""
    rows = await session.fetch_all(LOCK_STREAMS, _named(names))
    return {stream.name: stream for stream in map(_from_row, rows)}


async def create_placeholders(names: Collection[StreamName]) -> None:
    """Insert a placeholder for each name that has no row. Call it before any row is locked."""
    rows = await session.fetch_all(CREATE_PLACEHOLDERS, _named(names))
    session.placeholders().update({id_: plate for plate, id_ in rows})


async def delete_empty(plates: Mapping[int, PlateId]) -> None:
    """Remove streams without entries and groups; `plates` holds the plate of each, by its id."""
    await session.execute(
        DELETE_EMPTY_STREAMS,
        {
            "plates": literals.integers(plates.values()),
            "ids": literals.integers(plates.keys()),
        },
    )


async def count_groups(stream: Stream) -> int:
    """How many consumer groups the stream has."""
    row = await session.fetch_one(COUNT_GROUPS, {"plate": stream.name.plate, "stream": stream.id})
    assert row is not None
    return int(row[0])


async def save(streams: Collection[Stream], *, wakes_readers: bool = False) -> None:
    """Write the counters of streams that this transaction has locked.

    With `wakes_readers` it counts a signal for each: entries were added (BLK-5).
    """
    await session.execute(
        SAVE_STREAMS,
        {
            "signals": int(wakes_readers),
            "plates": literals.integers(s.name.plate for s in streams),
            "ids": literals.integers(s.id for s in streams),
            "lengths": literals.integers(s.length for s in streams),
            "last_generated_ms": literals.integers(s.last_generated_id.ms for s in streams),
            "last_generated_seq": literals.integers(s.last_generated_id.seq for s in streams),
            "recorded_first_ms": literals.integers(s.recorded_first_entry_id.ms for s in streams),
            "recorded_first_seq": literals.integers(s.recorded_first_entry_id.seq for s in streams),
            "max_deleted_ms": literals.integers(s.max_deleted_entry_id.ms for s in streams),
            "max_deleted_seq": literals.integers(s.max_deleted_entry_id.seq for s in streams),
            "entries_added": literals.integers(s.entries_added for s in streams),
            "tail_nodes": literals.documents(
                s.tail_node.dump() if s.tail_node else None for s in streams
            ),
        },
    )


async def delete(stream: Stream) -> None:
    """Remove a locked stream with its entries, its locked groups, and all they hold (GEN-12)."""
    await session.execute(DELETE_STREAM, {"plate": stream.name.plate, "stream": stream.id})


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """A stream as a list of streams shows it."""

    key: str
    length: int
    last_generated_id: str
    groups: int


async def listed(plate: PlateId, start: bytes) -> AsyncIterator[StreamSummary]:
    """The plate's streams from that key on, in byte order, fetched while the caller iterates."""
    while True:
        rows = await session.fetch_all(
            LIST_STREAMS, {"plate": plate, "start": start, "count": LISTED_AT_ONCE}
        )
        for key, *others in rows:
            yield StreamSummary(bytes(key).decode(), *others)
        if len(rows) < LISTED_AT_ONCE:
            return
        start = bytes(rows[-1][0]) + b"\0"


def _named(names: Collection[StreamName]) -> dict[str, str]:
    return {
        "plates": literals.integers(name.plate for name in names),
        "keys": literals.names(name.key for name in names),
    }


def _from_row(row: session.Row) -> Stream:
    return from_row(row[:-1], TailNode.load(row[-1]))


def from_row(given: session.Row, tail_node: TailNode | None = None) -> Stream:
    """The stream of a row of COLUMNS_AS_TEXT."""
    id_, plate, key, length, lms, lseq, fms, fseq, dms, dseq, entries_added = given
    return Stream(
        id=id_,
        name=StreamName(plate, bytes(key).decode()),
        length=length,
        last_generated_id=EntryId(int(lms), int(lseq)),
        recorded_first_entry_id=EntryId(int(fms), int(fseq)),
        max_deleted_entry_id=EntryId(int(dms), int(dseq)),
        entries_added=entries_added,
        tail_node=tail_node,
    )
