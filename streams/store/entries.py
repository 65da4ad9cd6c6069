"""Rows of `entry`.

PostgreSQL renders entries that go into a reply as they are: `Rendered` is the JSON text of
`[id, [field1, value1, …]]`, or of a list of these, and this process never decodes it.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import NamedTuple

import orjson

from streams.domain.ids import MAX_ID, NO_ID, EntryId
from streams.domain.plates import PlateId
from streams.domain.streams import Stream
from streams.store import literals, session

Rendered = orjson.Fragment


class StoredEntry(NamedTuple):
    """An entry for a reply: the text of its ID, and the whole entry as JSON."""

    id_text: str
    rendered: Rendered


# An expression over `entry`: the JSON text of the whole entry.
RENDERED = """'["' || entry.ms || '-' || entry.seq || '",' || entry.fields::text || ']'"""

# Writes entries of any locked streams. Gives nothing; locks the new rows.
INSERT_ENTRIES = """
    INSERT INTO entry (plate_id, stream_id, ms, seq, fields)
    SELECT *
    FROM ROWS FROM (
        unnest(%(plates)s::bigint[]),
        unnest(%(streams)s::bigint[]),
        unnest(%(ms)s::numeric[]),
        unnest(%(seq)s::numeric[]),
        json_array_elements(%(fields)s::json)
    ) AS new (plate, stream, ms, seq, fields)
"""

# Gives the entries between two IDs, both inclusive, oldest first, at most `count` (null: all).
# Locks nothing. The stream is found by a subquery, not by a join: only then does the planner know
# that the index gives the wanted order.
RANGE_ENTRIES = f"""
    SELECT {RENDERED}
    FROM entry
    WHERE plate_id = %(plate)s
      AND stream_id = (SELECT id FROM stream WHERE plate_id = %(plate)s AND key = %(key)s)
      AND (ms, seq) >= (%(start_ms)s::numeric, %(start_seq)s::numeric)
      AND (ms, seq) <= (%(end_ms)s::numeric, %(end_seq)s::numeric)
    ORDER BY ms, seq
    LIMIT %(count)s
"""

# Gives the same, newest first. Locks nothing.
REVERSE_RANGE_ENTRIES = f"""
    SELECT {RENDERED}
    FROM entry
    WHERE plate_id = %(plate)s
      AND stream_id = (SELECT id FROM stream WHERE plate_id = %(plate)s AND key = %(key)s)
      AND (ms, seq) >= (%(start_ms)s::numeric, %(start_seq)s::numeric)
      AND (ms, seq) <= (%(end_ms)s::numeric, %(end_seq)s::numeric)
    ORDER BY ms DESC, seq DESC
    LIMIT %(count)s
"""

# Gives either range as one JSON list, and the number of its entries; locks nothing. Half the work
# of a range would be to read rows that are joined again at once. The aggregate gets the entries in
# the order of its subquery.
_AS_ONE_TEXT = """
    SELECT count(*), '[' || coalesce(string_agg(entry, ','), '') || ']'
    FROM ({}) AS page (entry)
"""
RANGE_PAGE = _AS_ONE_TEXT.format(RANGE_ENTRIES)
REVERSE_RANGE_PAGE = _AS_ONE_TEXT.format(REVERSE_RANGE_ENTRIES)

# Gives for each wanted stream its entries above an ID, at most `count` each (null: all). Locks
# nothing.
READ_ENTRIES = f"""
    SELECT wanted.index, found.ms || '-' || found.seq, found.rendered
    FROM ROWS FROM (
        unnest(%(keys)s::bytea[]),
        unnest(%(ms)s::numeric[]),
        unnest(%(seq)s::numeric[])
    ) WITH ORDINALITY AS wanted (key, ms, seq, index)
    JOIN stream
      ON stream.plate_id = %(plate)s
     AND stream.key = wanted.key
    CROSS JOIN LATERAL (
        SELECT entry.ms, entry.seq, {RENDERED} AS rendered
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = stream.id
          AND (entry.ms, entry.seq) > (wanted.ms, wanted.seq)
        ORDER BY entry.ms, entry.seq
        LIMIT %(count)s
    ) AS found
    ORDER BY wanted.index, found.ms, found.seq
"""

# Gives for each wanted stream its newest live entry. Locks nothing.
READ_NEWEST_ENTRIES = f"""
    SELECT wanted.index, found.id, found.rendered
    FROM unnest(%(keys)s::bytea[]) WITH ORDINALITY AS wanted (key, index)
    JOIN stream
      ON stream.plate_id = %(plate)s
     AND stream.key = wanted.key
    CROSS JOIN LATERAL (
        SELECT entry.ms || '-' || entry.seq AS id, {RENDERED} AS rendered
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = stream.id
        ORDER BY entry.ms DESC, entry.seq DESC
        LIMIT 1
    ) AS found
"""

# Gives the ID of the oldest entry above an ID. Locks nothing. ORDER BY must name the table: a bare
# `ms` there is the selected text.
FIRST_ENTRY_ID = """
    SELECT ms::text, seq::text
    FROM entry
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
      AND (ms, seq) > (%(ms)s::numeric, %(seq)s::numeric)
    ORDER BY entry.ms, entry.seq
    LIMIT 1
"""

# Gives the ID of the newest entry. Locks nothing. ORDER BY as above.
LAST_ENTRY_ID = """
    SELECT ms::text, seq::text
    FROM entry
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
    ORDER BY entry.ms DESC, entry.seq DESC
    LIMIT 1
"""

# Gives the ID of the entry with exactly `older` older ones. Locks nothing. ORDER BY as above.
ENTRY_ID_AT = """
    SELECT ms::text, seq::text
    FROM entry
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
    ORDER BY entry.ms, entry.seq
    OFFSET %(older)s
    LIMIT 1
"""

# Removes entries of a locked stream by their IDs. Gives the IDs that existed; locks the rows that
# it removes. It matches all columns of the primary key with those of the wanted rows: otherwise a
# planner that believes the stream to be short may read all of it.
DELETE_ENTRIES = """
    WITH gone AS MATERIALIZED (
        SELECT %(plate)s::bigint AS plate_id, %(stream)s::bigint AS stream_id, gone.*
        FROM ROWS FROM (unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])) AS gone (ms, seq)
    )
    DELETE FROM entry
    USING gone
    WHERE entry.plate_id = gone.plate_id
      AND entry.stream_id = gone.stream_id
      AND entry.ms = gone.ms
      AND entry.seq = gone.seq
    RETURNING entry.ms::text, entry.seq::text
"""

# Removes the entries of a locked stream up to an ID. Gives their number; locks the rows that it
# removes.
DELETE_ENTRIES_UP_TO = """
    WITH gone AS (
        DELETE FROM entry
        WHERE plate_id = %(plate)s
          AND stream_id = %(stream)s
          AND (ms, seq) <= (%(ms)s::numeric, %(seq)s::numeric)
        RETURNING 1
    )
    SELECT count(*) FROM gone
"""


class EntryRow(NamedTuple):
    """An entry about to be written; `fields` is the JSON text of the flat list."""

    plate: PlateId
    stream: int
    entry_id: EntryId
    fields: str


async def insert(entries: Sequence[EntryRow]) -> None:
    """Write entries of streams that this transaction has locked."""
    await session.execute(
        INSERT_ENTRIES,
        {
            "plates": literals.integers(e.plate for e in entries),
            "streams": literals.integers(e.stream for e in entries),
            "ms": literals.integers(e.entry_id.ms for e in entries),
            "seq": literals.integers(e.entry_id.seq for e in entries),
            "fields": literals.documents(e.fields for e in entries),
        },
    )


ROWS_AT_ONCE = 1_000
"""How many entries a reply holds in memory; a longer reply is sent in parts of this size."""


class LongRange:
    """A range of more than `ROWS_AT_ONCE` entries: iterate over it for its parts, in order."""

    def __init__(self, statement: str, parameters: session.Parameters) -> None:
        self._statement = statement
        self._parameters = parameters

    async def __aiter__(self) -> AsyncGenerator[list[Rendered], None]:
        pages = session.stream(self._statement, self._parameters, rows_at_once=ROWS_AT_ONCE)
        async with aclosing(pages):
            async for rows in pages:
                yield [Rendered(row[0]) for row in rows]


async def between(
    plate: PlateId, key: str, start: EntryId, end: EntryId, *, count: int | None, newest_first: bool
) -> Rendered | LongRange:
    """The entries from `start` to `end`, both inclusive, at most `count` (None: all).

    A missing stream gives an empty list. More than `ROWS_AT_ONCE` entries come as a `LongRange`.
    """
    parameters = _range_parameters(plate, key, start, end)
    at_first = ROWS_AT_ONCE + 1 if count is None else min(count, ROWS_AT_ONCE + 1)
    row = await session.fetch_one(
        REVERSE_RANGE_PAGE if newest_first else RANGE_PAGE, {**parameters, "count": at_first}
    )
    assert row is not None
    length, text = row
    if length > ROWS_AT_ONCE:
        statement = REVERSE_RANGE_ENTRIES if newest_first else RANGE_ENTRIES
        return LongRange(statement, {**parameters, "count": count})
    return Rendered(text)


async def all_of(found: Rendered | LongRange) -> Rendered | list[Rendered]:
    """A range in memory, however long it is."""
    return (
        [entry async for part in found for entry in part] if isinstance(found, LongRange) else found
    )


async def end_of(plate: PlateId, key: str, *, newest_first: bool) -> Rendered | None:
    """The oldest or the newest entry; None if there is none."""
    row = await session.fetch_one(
        REVERSE_RANGE_ENTRIES if newest_first else RANGE_ENTRIES,
        {**_range_parameters(plate, key, NO_ID, MAX_ID), "count": 1},
    )
    return Rendered(row[0]) if row else None


async def after(
    plate: PlateId, positions: Sequence[tuple[str, EntryId]], *, count: int | None
) -> list[tuple[int, StoredEntry]]:
    """The entries above each position (a key and an ID), at most `count` each (None: all).

    Returns pairs of the position's index and an entry, in the order of the positions.
    """
    rows = await session.fetch_all(
        READ_ENTRIES,
        {
            "plate": plate,
            "keys": literals.names(key for key, _ in positions),
            "ms": literals.integers(entry_id.ms for _, entry_id in positions),
            "seq": literals.integers(entry_id.seq for _, entry_id in positions),
            "count": count,
        },
    )
    return [(index - 1, StoredEntry(text, Rendered(json))) for index, text, json in rows]


async def newest(plate: PlateId, keys: Sequence[str]) -> list[tuple[int, StoredEntry]]:
    """The newest live entry of each stream, with the index of its key (XREAD-10)."""
    rows = await session.fetch_all(
        READ_NEWEST_ENTRIES, {"plate": plate, "keys": literals.names(keys)}
    )
    return [(index - 1, StoredEntry(text, Rendered(json))) for index, text, json in rows]


async def first_id_above(stream: Stream, entry_id: EntryId) -> EntryId | None:
    """The smallest live ID above that one; None if there is none."""
    return _id(await session.fetch_one(FIRST_ENTRY_ID, {**_of(stream), **_id_parameters(entry_id)}))


async def greatest_id(stream: Stream) -> EntryId | None:
    """The greatest live ID; None if the stream is empty."""
    return _id(await session.fetch_one(LAST_ENTRY_ID, _of(stream)))


async def id_at(stream: Stream, older: int) -> EntryId | None:
    """The live ID that has exactly `older` smaller live IDs; None if there is none."""
    return _id(await session.fetch_one(ENTRY_ID_AT, {**_of(stream), "older": older}))


async def delete(stream: Stream, ids: Iterable[EntryId]) -> list[EntryId]:
    """Remove entries of a locked stream by their IDs; returns the IDs that existed."""
    rows = await session.fetch_all(DELETE_ENTRIES, {**_of(stream), **literals.entry_ids(list(ids))})
    return [EntryId(int(ms), int(seq)) for ms, seq in rows]


async def delete_up_to(stream: Stream, last: EntryId) -> int:
    """Remove the entries of a locked stream with IDs up to that one; returns how many went."""
    row = await session.fetch_one(DELETE_ENTRIES_UP_TO, {**_of(stream), **_id_parameters(last)})
    assert row is not None
    return int(row[0])


def _range_parameters(plate: PlateId, key: str, start: EntryId, end: EntryId) -> dict[str, object]:
    return {
        "plate": plate,
        "key": key.encode(),
        "start_ms": str(start.ms),
        "start_seq": str(start.seq),
        "end_ms": str(end.ms),
        "end_seq": str(end.seq),
    }


def _of(stream: Stream) -> dict[str, object]:
    return {"plate": stream.name.plate, "stream": stream.id}


def _id_parameters(entry_id: EntryId) -> dict[str, object]:
    return {"ms": str(entry_id.ms), "seq": str(entry_id.seq)}


def _id(row: session.Row | None) -> EntryId | None:
    return EntryId(int(row[0]), int(row[1])) if row else None
