"""What a group has still to be given."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import literals, session
from streams.store.entries import RENDERED, Rendered

# For each group the counters of its stream, then the entries above its place, at most `count`
# (null: all). One statement, for counters and entries must be of one moment (LAG-4).
READ_NEW = f"""
    WITH wanted AS (
        SELECT *
        FROM ROWS FROM (
            unnest(%(streams)s::bigint[]),
            unnest(%(ms)s::numeric[]),
            unnest(%(seq)s::numeric[])
        ) AS wanted (stream, ms, seq)
    )
    SELECT wanted.stream, NULL::numeric AS ms, NULL::numeric AS seq,
           concat_ws(
               ' ', stream.length, stream.entries_added,
               stream.last_generated_ms, stream.last_generated_seq,
               stream.recorded_first_ms, stream.recorded_first_seq,
               stream.max_deleted_ms, stream.max_deleted_seq
           ) AS content
    FROM wanted
    JOIN stream
      ON stream.plate_id = %(plate)s
     AND stream.id = wanted.stream
    UNION ALL
    SELECT wanted.stream, found.ms, found.seq, found.content
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT entry.ms, entry.seq, {RENDERED} AS content
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = wanted.stream
          AND (entry.ms, entry.seq) > (wanted.ms, wanted.seq)
        ORDER BY entry.ms, entry.seq
        LIMIT %(count)s
    ) AS found
    ORDER BY stream, ms NULLS FIRST, seq
"""

# Whether a group of that name is missing on one of the streams, or has something new on one.
MAY_HAVE_NEW = """
    SELECT count(*) < cardinality(%(keys)s::bytea[])
        OR bool_or(
            (stream.last_generated_ms, stream.last_generated_seq)
            > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
        )
    FROM stream
    JOIN consumer_group
      ON consumer_group.plate_id = stream.plate_id
     AND consumer_group.stream_id = stream.id
     AND consumer_group.name = %(group)s
    WHERE stream.plate_id = %(plate)s
      AND stream.key = ANY (%(keys)s::bytea[])
"""


class New(NamedTuple):
    """The entries above a group's place, oldest first, and its stream at that moment."""

    stream: Stream
    entries: list[tuple[EntryId, Rendered]]


def read_new(locked: Sequence[ConsumerGroup], *, count: int | None) -> dict[int, New]:
    """For each locked group, by the id of its stream: what is new to it, at most `count` each."""
    if not locked:
        return {}
    rows = session.fetch_all(
        READ_NEW,
        {
            "plate": locked[0].plate,
            "streams": literals.integers(group.stream_id for group in locked),
            "ms": literals.integers(group.last_delivered_id.ms for group in locked),
            "seq": literals.integers(group.last_delivered_id.seq for group in locked),
            "count": count,
        },
    )
    found: dict[int, New] = {}
    for stream_id, ms, seq, content in rows:
        if ms is None:
            found[stream_id] = New(_counters(stream_id, locked[0].plate, content), [])
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
