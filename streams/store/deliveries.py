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
from streams.store.waiting import TAKES_WHAT_IS_NEW

# For each group of one name the counters of its stream, then the entries above the group's place,
# at most `count` (null: all). One statement, for counters and entries must be of one moment
# (LAG-4), and so must the signals that say what a look has seen (BLK-5). The rows are ordered
# outside, where `ms` is still a number.
READ_NEW = f"""
    WITH wanted AS MATERIALIZED (
        SELECT stream.id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq,
               concat_ws(
                   ' ', stream.length, stream.entries_added,
                   stream.last_generated_ms, stream.last_generated_seq,
                   stream.recorded_first_ms, stream.recorded_first_seq,
                   stream.max_deleted_ms, stream.max_deleted_seq, stream.signals
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

# The whole delivery of new entries to a consumer, found or created, in the plain case only: each of
# the streams has the group, whose count of entries read is known, simply counts on (LAG-4) and is
# far from wrapping around (GEN-20), nothing above its place is pending already (ST-8), and nobody
# has to be given way to. Else it changes nothing, and not all of the streams are among the rows.
# For each of them a row without content, then the entries. A group that a trim has overtaken
# counts on from the number of entries that are gone (LAG-4).
DELIVER_PLAINLY = f"""
    WITH
    wanted AS MATERIALIZED (
        SELECT stream.id AS stream_id, stream.key, consumer_group.id AS group_id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq,
               CASE
                   WHEN (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
                        < (stream.recorded_first_ms, stream.recorded_first_seq)
                   THEN stream.entries_added - stream.length
                   ELSE consumer_group.entries_read
               END AS entries_read
        {OF_THAT_NAME}
          AND consumer_group.entries_read < 2^62
          AND stream.entries_added BETWEEN stream.length AND 2^62
          AND (
              (stream.max_deleted_ms, stream.max_deleted_seq) = (0, 0)
              OR (stream.max_deleted_ms, stream.max_deleted_seq)
                 < (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
          )
          AND NOT EXISTS (
              SELECT
              FROM pending_entry
              WHERE plate_id = %(plate)s
                AND group_id = consumer_group.id
                AND (ms, seq)
                    > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
          )
          AND NOT (
              %(gives_way)s
              AND EXISTS (
                  SELECT
                  FROM waiting_reader
                  WHERE plate_id = %(plate)s
                    AND group_id = consumer_group.id
                    AND {TAKES_WHAT_IS_NEW}
              )
          )
    ),
    page AS MATERIALIZED (
        SELECT wanted.key, wanted.group_id, found.*
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT entry.ms, entry.seq, {RENDERED} AS content
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
    newest AS MATERIALIZED (
        SELECT DISTINCT ON (group_id)
               group_id, ms, seq, count(*) OVER (PARTITION BY group_id) AS entries
        FROM page
        ORDER BY group_id, ms DESC, seq DESC
    ),
    moved AS (
        UPDATE consumer_group
        SET last_delivered_ms = newest.ms,
            last_delivered_seq = newest.seq,
            entries_read = wanted.entries_read + newest.entries
        FROM newest
        JOIN wanted USING (group_id)
        WHERE plate_id = %(plate)s
          AND id = newest.group_id
    ),
    owner AS (
        INSERT INTO consumer (plate_id, group_id, name, seen_at, active_at, pending_count)
        SELECT %(plate)s, wanted.group_id, %(consumer)s, %(now)s,
               CASE WHEN newest.entries > 0 AND NOT %(no_ack)s THEN %(now)s END,
               CASE WHEN newest.entries > 0 AND NOT %(no_ack)s THEN newest.entries ELSE 0 END
        FROM wanted
        LEFT JOIN newest USING (group_id)
        WHERE (SELECT count(*) FROM wanted) = cardinality(%(keys)s::bytea[])
        ON CONFLICT (plate_id, group_id, name) DO UPDATE
        SET seen_at = excluded.seen_at,
            active_at = coalesce(excluded.active_at, consumer.active_at),
            pending_count = consumer.pending_count + excluded.pending_count
        RETURNING id, group_id
    ),
    given AS (
        INSERT INTO pending_entry (
            plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
        )
        SELECT %(plate)s, page.group_id, page.ms, page.seq, owner.id, %(now)s, 1
        FROM page
        JOIN owner USING (group_id)
        WHERE NOT %(no_ack)s
    )
    SELECT key, content
    FROM (
        SELECT key, NULL AS ms, NULL AS seq, NULL AS content FROM wanted
        UNION ALL
        SELECT key, ms, seq, content FROM page
    ) AS delivered
    ORDER BY key, ms NULLS FIRST, seq
"""

# For each group of one name: how often something had happened to its stream by now that wakes
# readers (BLK-5), and whether it has something to be given. Locks nothing.
LOOK_FOR_NEW = f"""
    SELECT stream.id, stream.signals, consumer_group.id,
           (stream.last_generated_ms, stream.last_generated_seq)
           > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
    {OF_THAT_NAME}
"""


class New(NamedTuple):
    """The entries above a group's place, oldest first, and its stream at that moment."""

    stream: Stream
    # How often something had happened to the stream by then that wakes readers (BLK-5).
    signals: int
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
            found[stream_id] = _nothing_new(stream_id, plate, content)
        else:
            found[stream_id].entries.append((EntryId(int(ms), int(seq)), Rendered(content)))
    return found


def deliver_plainly(
    plate: PlateId,
    keys: Collection[str],
    group: str,
    consumer: str,
    *,
    count: int | None,
    no_ack: bool,
    gives_way: bool,
    now_ms: int,
) -> Answer[dict[str, list[Rendered]] | None]:
    """Give a consumer what is new to the locked groups, at most `count` each, and see it now.

    The new entries of each of these different streams that has some. Or None: nothing is done,
    for it is not the plain case, or with `gives_way` somebody waits for one of the groups.
    """
    rows = session.ask(
        DELIVER_PLAINLY,
        {
            "plate": plate,
            "keys": literals.names(keys),
            "group": group.encode(),
            "consumer": consumer.encode(),
            "count": count,
            "no_ack": no_ack,
            "gives_way": gives_way,
            "now": now_ms,
        },
    )
    return lambda: _by_key(rows(), len(keys))


def _by_key(rows: list[session.Row], streams: int) -> dict[str, list[Rendered]] | None:
    found: dict[bytes, list[Rendered]] = {}
    for key, content in rows:
        if content is None:
            found[key] = []
        else:
            found[key].append(Rendered(content))
    if len(found) < streams:
        return None
    return {key.decode(): entries for key, entries in found.items() if entries}


class Glance(NamedTuple):
    """What a look without locks tells of a group."""

    stream_id: int
    signals: int
    group_id: int
    has_new: bool


def glance(plate: PlateId, keys: Collection[str], group: str) -> list[Glance]:
    """A look at those of the streams that have the group."""
    parameters = {"plate": plate, "keys": literals.names(keys), "group": group.encode()}
    return [Glance(*row) for row in session.fetch_all(LOOK_FOR_NEW, parameters)]


def _nothing_new(stream_id: int, plate: PlateId, content: str) -> New:
    length, added, last_ms, last_seq, first_ms, first_seq, deleted_ms, deleted_seq, signals = map(
        int, content.split()
    )
    stream = Stream(
        id=stream_id,
        name=StreamName(plate, ""),
        length=length,
        last_generated_id=EntryId(last_ms, last_seq),
        recorded_first_entry_id=EntryId(first_ms, first_seq),
        max_deleted_entry_id=EntryId(deleted_ms, deleted_seq),
        entries_added=added,
    )
    return New(stream, signals, [])
