"""What a group has still to be given."""

from collections.abc import Collection
from typing import NamedTuple

from streams.domain.ids import EntryId
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import literals, session
from streams.store.entries import RENDERED, Rendered
from streams.store.groups import OF_THAT_NAME
from streams.store.session import Answer

# For each group of one name the counters of its stream, then the entries above the group's place,
# at most `count` (null: all). One statement, for counters and entries must be of one moment
# (LAG-4). The rows are ordered outside, where `ms` is still a number.
READ_NEW = f"""
    WITH wanted AS MATERIALIZED (
        SELECT stream.id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq,
               concat_ws(
                   ' ', stream.length, stream.entries_added,
                   stream.last_generated_ms, stream.last_generated_seq,
                   stream.recorded_first_ms, stream.recorded_first_seq,
                   stream.max_deleted_ms, stream.max_deleted_seq
               ) AS counters
        {OF_THAT_NAME}
    )
    SELECT found.stream_id, found.ms::text, found.seq::text, found.content
    FROM (
        SELECT id AS stream_id, NULL::numeric AS ms, NULL::numeric AS seq, counters AS content
        FROM wanted
        UNION ALL
        SELECT wanted.id, page.ms, page.seq, page.content
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT entry.ms, entry.seq, {RENDERED} AS content
            FROM entry
            WHERE entry.plate_id = %(plate)s
              AND entry.stream_id = wanted.id
              AND (entry.ms, entry.seq)
                  > (wanted.last_delivered_ms, wanted.last_delivered_seq)
            ORDER BY entry.ms, entry.seq
            LIMIT %(count)s
        ) AS page
    ) AS found
    ORDER BY found.stream_id, found.ms NULLS FIRST, found.seq
"""

# Whether a group of that name is missing on one of the streams, or has something new on one.
MAY_HAVE_NEW = f"""
    SELECT count(*) < cardinality(%(keys)s::bytea[])
        OR bool_or(
            (stream.last_generated_ms, stream.last_generated_seq)
            > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
        )
    {OF_THAT_NAME}
"""


class New(NamedTuple):
    """The entries above a group's place, oldest first, and its stream at that moment."""

    stream: Stream
    entries: list[tuple[EntryId, Rendered]]


def read_new(
    plate: PlateId, keys: Collection[str], group: str, *, count: int | None
) -> Answer[dict[int, New]]:
    """By the id of its stream: what is new to each of the locked groups, at most `count`."""
    rows = session.ask(
        READ_NEW,
        {"plate": plate, "keys": literals.names(keys), "group": group.encode(), "count": count},
    )
    return lambda: _by_stream(plate, rows())


def _by_stream(plate: PlateId, rows: list[session.Row]) -> dict[int, New]:
    found: dict[int, New] = {}
    for stream_id, ms, seq, content in rows:
        if ms is None:
            found[stream_id] = New(_counters(stream_id, plate, content), [])
        else:
            found[stream_id].entries.append((EntryId(int(ms), int(seq)), Rendered(content)))
    return found


def may_have_new(plate: PlateId, keys: Collection[str], group: str) -> bool:
    """Whether a look under the group's lock is worth it: something is new, or a group missing."""
    row = session.fetch_one(
        MAY_HAVE_NEW,
        {"plate": plate, "keys": literals.names(set(keys)), "group": group.encode()},
    )
    assert row is not None
    return bool(row[0])


def _counters(stream_id: int, plate: PlateId, content: str) -> Stream:
    length, added, last_ms, last_seq, first_ms, first_seq, deleted_ms, deleted_seq = map(
        int, content.split()
    )
    return Stream(
        id=stream_id,
        name=StreamName(plate, ""),
        length=length,
        last_generated_id=EntryId(last_ms, last_seq),
        recorded_first_entry_id=EntryId(first_ms, first_seq),
        max_deleted_entry_id=EntryId(deleted_ms, deleted_seq),
        entries_added=added,
    )
