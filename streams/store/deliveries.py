"""Deliver to a consumer what is new to its group.

Whoever delivers holds the lock of the group, so its row does not change meanwhile. The stream is
not locked: what is added meanwhile is new to the next delivery.
"""

from collections.abc import Collection
from typing import NamedTuple

from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId, parse_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import literals, session
from streams.store.entries import RENDERED
from streams.store.groups import OF_THAT_NAME
from streams.store.session import Deferred
from streams.store.waiting import TAKES_WHAT_IS_NEW

# From where a group's count of entries read counts on (LAG-4): its own, or, where it stands before
# the first entry, the number of entries that are gone. Null: it is unknown, or near to wrapping
# around (GEN-20).
_COUNTED = """
    CASE
        WHEN consumer_group.entries_read >= 2^62 THEN NULL
        WHEN (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
             < (stream.recorded_first_ms, stream.recorded_first_seq)
        THEN stream.entries_added - stream.length
        ELSE consumer_group.entries_read
    END
"""

# Where `guarded`, this must hold of every group, else nothing is changed:
# - its count of entries read simply counts on: no deleted entry is ahead;
# - nothing above its last-delivered-id is pending (ST-8). LIMIT makes the look one step into the
#   primary key: an anti-join may read the whole list;
# - if the reader gives way, nobody who takes new entries stands in line before it (BLK-17).
_GUARD = f"""
    ({_COUNTED}) IS NOT NULL
    AND stream.entries_added BETWEEN stream.length AND 2^62
    AND (
        (stream.max_deleted_ms, stream.max_deleted_seq) = (0, 0)
        OR (stream.max_deleted_ms, stream.max_deleted_seq)
           < (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
    )
    AND NOT EXISTS (
        SELECT
        FROM (
            SELECT
            FROM pending_entry
            WHERE pending_entry.plate_id = %(plate)s
              AND pending_entry.group_id = consumer_group.id
              AND (pending_entry.ms, pending_entry.seq)
                  > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
            ORDER BY pending_entry.ms, pending_entry.seq
            LIMIT 1
        ) AS ahead
    )
    AND NOT (
        %(gives_way)s
        AND EXISTS (
            SELECT
            FROM waiting_reader
            WHERE waiting_reader.plate_id = %(plate)s
              AND waiting_reader.group_id = consumer_group.id
              AND waiting_reader.id < coalesce(
                  (
                      SELECT mine.id
                      FROM waiting_reader AS mine
                      WHERE mine.plate_id = %(plate)s
                        AND mine.group_id = consumer_group.id
                        AND mine.id = ANY (%(places)s::bigint[])
                  ),
                  9223372036854775807
              )
              AND waiting_reader.process <> ALL (%(passed_over)s::bigint[])
              AND {TAKES_WHAT_IS_NEW}
        )
    )
"""

# The whole delivery of new entries to a consumer, which is found or created, for the locked groups
# of one name on several streams. Gives a row for each group: its stream and itself as they were,
# the count of entries read that it wrote, and of the new entries the number, their JSON texts in
# one, and unless `guarded` their IDs, oldest first. Fewer rows than streams: nothing is changed,
# for a group is missing or the guard held back.
DELIVER = f"""
    WITH
    -- The groups with their streams, of one moment (LAG-4), and from where the counter counts on.
    wanted AS MATERIALIZED (
        SELECT stream.key, stream.id AS stream_id, stream.length, stream.entries_added,
               stream.last_generated_ms, stream.last_generated_seq,
               stream.recorded_first_ms, stream.recorded_first_seq,
               stream.max_deleted_ms, stream.max_deleted_seq, stream.signals,
               consumer_group.id AS group_id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq,
               consumer_group.entries_read,
               ({_COUNTED}) AS counted
        {OF_THAT_NAME}
          AND (NOT %(guarded)s OR ({_GUARD}))
    ),
    -- The new entries, if all of the groups are there.
    page AS MATERIALIZED (
        SELECT wanted.group_id, found.ms, found.seq, found.rendered
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT entry.ms, entry.seq, {RENDERED} AS rendered
            FROM entry
            WHERE entry.plate_id = %(plate)s
              AND entry.stream_id = wanted.stream_id
              AND (entry.ms, entry.seq)
                  > (wanted.last_delivered_ms, wanted.last_delivered_seq)
            ORDER BY entry.ms, entry.seq
            LIMIT %(count)s
        ) AS found
        WHERE (SELECT count(*) FROM wanted) = cardinality(%(keys)s::bytea[])
    ),
    -- The same in a row for each group that has some.
    given AS MATERIALIZED (
        SELECT group_id, count(*) AS entries, max(ARRAY[ms, seq]) AS newest,
               string_agg(rendered, ',' ORDER BY ms, seq) AS rendered,
               array_agg(ms || '-' || seq ORDER BY ms, seq)
                   FILTER (WHERE NOT %(guarded)s) AS ids
        FROM page
        GROUP BY group_id
    ),
    moved AS (
        UPDATE consumer_group
        SET last_delivered_ms = given.newest[1],
            last_delivered_seq = given.newest[2],
            entries_read = wanted.counted + given.entries
        FROM given
        JOIN wanted USING (group_id)
        WHERE consumer_group.plate_id = %(plate)s
          AND consumer_group.id = given.group_id
    ),
    -- The consumer is seen in any case, and active if it is given something (ST-11, ST-12).
    receiver AS (
        INSERT INTO consumer (plate_id, group_id, name, seen_at, active_at, pending_count)
        SELECT %(plate)s, wanted.group_id, %(consumer)s, %(now)s,
               CASE WHEN given.entries > 0 AND NOT %(no_ack)s THEN %(now)s END,
               CASE WHEN given.entries > 0 AND NOT %(no_ack)s THEN given.entries ELSE 0 END
        FROM wanted
        LEFT JOIN given USING (group_id)
        WHERE (SELECT count(*) FROM wanted) = cardinality(%(keys)s::bytea[])
        ON CONFLICT (plate_id, group_id, name) DO UPDATE
        SET seen_at = excluded.seen_at,
            active_at = coalesce(excluded.active_at, consumer.active_at),
            pending_count = consumer.pending_count + excluded.pending_count
        RETURNING id, group_id
    ),
    listed AS (
        INSERT INTO pending_entry (
            plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
        )
        SELECT %(plate)s, page.group_id, page.ms, page.seq, receiver.id, %(now)s, 1
        FROM page
        JOIN receiver USING (group_id)
        WHERE NOT %(no_ack)s
    ),
    -- A reader that is given something stands in line no more.
    left_line AS (
        DELETE FROM waiting_reader
        WHERE plate_id = %(plate)s
          AND id = ANY (%(places)s::bigint[])
          AND EXISTS (SELECT FROM given)
    )
    SELECT wanted.key, wanted.stream_id, wanted.length, wanted.entries_added,
           wanted.last_generated_ms::text, wanted.last_generated_seq::text,
           wanted.recorded_first_ms::text, wanted.recorded_first_seq::text,
           wanted.max_deleted_ms::text, wanted.max_deleted_seq::text, wanted.signals,
           wanted.group_id, wanted.last_delivered_ms::text, wanted.last_delivered_seq::text,
           wanted.entries_read, wanted.counted + given.entries,
           coalesce(given.entries, 0), given.rendered, given.ids
    FROM wanted
    LEFT JOIN given USING (group_id)
"""

# Takes what is new to locked groups, the next `count` entries of each, off the lists on which it is
# pending already (ST-8), and off the counts of its owners.
RELEASE_NEW = f"""
    WITH
    wanted AS MATERIALIZED (
        SELECT stream.id AS stream_id, consumer_group.id AS group_id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq
        {OF_THAT_NAME}
    ),
    page AS MATERIALIZED (
        SELECT %(plate)s::bigint AS plate_id, wanted.group_id, found.ms, found.seq
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT entry.ms, entry.seq
            FROM entry
            WHERE entry.plate_id = %(plate)s
              AND entry.stream_id = wanted.stream_id
              AND (entry.ms, entry.seq)
                  > (wanted.last_delivered_ms, wanted.last_delivered_seq)
            ORDER BY entry.ms, entry.seq
            LIMIT %(count)s
        ) AS found
    ),
    gone AS (
        DELETE FROM pending_entry
        USING page
        WHERE pending_entry.plate_id = page.plate_id
          AND pending_entry.group_id = page.group_id
          AND pending_entry.ms = page.ms
          AND pending_entry.seq = page.seq
        RETURNING pending_entry.consumer_id
    ),
    loss AS (
        SELECT consumer_id, count(*) AS entries FROM gone GROUP BY consumer_id
    )
    UPDATE consumer
    SET pending_count = pending_count - loss.entries
    FROM loss
    WHERE plate_id = %(plate)s
      AND id = loss.consumer_id
"""

# For each group of one name: how often something had happened to its stream by now that wakes
# readers (BLK-5), and whether it has something to be given. Locks nothing.
LOOK_FOR_NEW = f"""
    SELECT stream.id, stream.signals, consumer_group.id,
           EXISTS (
               SELECT
               FROM entry
               WHERE entry.plate_id = %(plate)s
                 AND entry.stream_id = stream.id
                 AND (entry.ms, entry.seq)
                     > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
           )
    {OF_THAT_NAME}
"""


class Delivery(NamedTuple):
    """What was delivered of one stream; stream and group are as they were just before."""

    stream: Stream
    group: ConsumerGroup
    # How often something had happened to the stream by then that wakes readers (BLK-5).
    signals: int
    # The group's count of entries read that was written with the delivery.
    written_entries_read: int | None
    # The number of new entries, and their JSON texts, oldest first, with commas in between.
    entry_count: int
    elements: str
    # Empty where the guard was on.
    ids: list[EntryId]


class Glance(NamedTuple):
    """What a look without locks tells of a group."""

    stream_id: int
    signals: int
    group_id: int
    has_new: bool


def deliver(
    plate: PlateId,
    keys: Collection[str],
    group: str,
    consumer: str,
    *,
    count: int | None,
    no_ack: bool,
    guarded: bool,
    now_ms: int,
    gives_way: bool = False,
    places: Collection[int] = (),
    passed_over: Collection[int] = (),
) -> Deferred[dict[str, Delivery] | None]:
    """Give a consumer what is new to the locked groups of these different streams, and see it now.

    At most `count` entries of each (None: all), by key. If `guarded`, None says that nothing is
    changed: Python must take part (see `_GUARD`), or with `gives_way` somebody stands in line
    before these places of the reader, in a process that is not passed over. Without the guard
    nothing of it may be pending (see `release_new`), and the caller corrects the count of entries
    read.
    """
    rows = session.defer(
        DELIVER,
        {
            **_of(plate, keys, group),
            "consumer": consumer.encode(),
            "count": count,
            "no_ack": no_ack,
            "guarded": guarded,
            "gives_way": gives_way,
            "places": literals.integers(places),
            "passed_over": literals.integers(passed_over),
            "now": now_ms,
        },
    )
    return rows.then(
        lambda found: _by_key(plate, group, found) if len(found) == len(keys) else None
    )


def release_new(plate: PlateId, keys: Collection[str], group: str, *, count: int | None) -> None:
    """Take what is new to the locked groups off the lists on which it is pending already (ST-8)."""
    session.execute(RELEASE_NEW, {**_of(plate, keys, group), "count": count})


def glance(plate: PlateId, keys: Collection[str], group: str) -> list[Glance]:
    """A look at those of the streams that have the group."""
    return [Glance(*row) for row in session.fetch_all(LOOK_FOR_NEW, _of(plate, keys, group))]


def _of(plate: PlateId, keys: Collection[str], group: str) -> dict[str, object]:
    return {"plate": plate, "keys": literals.names(keys), "group": group.encode()}


def _by_key(plate: PlateId, group: str, rows: list[session.Row]) -> dict[str, Delivery]:
    return {bytes(row[0]).decode(): _from_row(plate, group, row) for row in rows}


def _from_row(plate: PlateId, name: str, row: session.Row) -> Delivery:
    key, stream_id, length, added, gms, gseq, fms, fseq, dms, dseq, signals, *rest = row
    group_id, last_ms, last_seq, entries_read, written, count, elements, ids = rest
    stream = Stream(
        id=stream_id,
        name=StreamName(plate, bytes(key).decode()),
        length=length,
        last_generated_id=EntryId(int(gms), int(gseq)),
        recorded_first_entry_id=EntryId(int(fms), int(fseq)),
        max_deleted_entry_id=EntryId(int(dms), int(dseq)),
        entries_added=added,
    )
    last_delivered_id = EntryId(int(last_ms), int(last_seq))
    return Delivery(
        stream,
        ConsumerGroup(group_id, plate, stream_id, name, last_delivered_id, entries_read),
        signals,
        written,
        count,
        elements or "",
        [parse_id(text) for text in ids or ()],
    )
