"""Deliver to a consumer the entries that are new to its group.

The caller holds the lock of the group, so the group's row does not change meanwhile. The stream is
not locked: entries that are added meanwhile wait for the next delivery.
"""

from collections.abc import Collection
from typing import NamedTuple

from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.domain.streams import Stream
from streams.store import literals, session, streams
from streams.store.entries import RENDERED
from streams.store.groups import OF_THAT_NAME
from streams.store.session import Deferred
from streams.store.waiting import END_OF_LINE, goes_before

FAR_FROM_WRAPPING = 2**62
"""Up to this value SQL may add to a counter: the sum cannot reach 2**63 and wrap (GEN-20)."""

# The reader's own place in the line of a group of this `stream`; behind all others if it has none.
_OWN_PLACE = f"""
    coalesce(
        (
            SELECT min(own.id)
            FROM waiting_reader AS own
            WHERE own.plate_id = %(plate)s
              AND own.group_id = stream.group_id
              AND own.id = ANY (%(places)s::bigint[])
        ),
        {END_OF_LINE}
    )
"""

# Delivers new entries to a consumer, in the locked groups of one name on several streams: moves the
# groups' last-delivered IDs, finds or creates the consumer, and writes its pending entries. Gives
# one row per stream: the stream and the group as they were before, the read counter that the group
# has now, the number of new entries, their JSON texts joined by commas, and unless `guarded` the
# two halves of their IDs, oldest first. If one of the groups is missing, it changes nothing and
# gives no row.
#
# With `guarded` it also changes nothing and gives no row unless all of this holds for each stream:
# - the delivery just adds to the read counter (LAG-4), which is far from wrapping around (GEN-20);
# - no entry above the last-delivered ID is pending already (ST-8);
# - the reader does not give way, or no reader that it must give way to is before it in the line of
#   the group (BLK-17).
# Without `guarded` the read counters that it writes are provisional (see
# `Delivery.written_entries_read`).
#
# Locks the rows that it writes: the groups, the consumers, the pending entries, and the reader's
# places in line.
DELIVER = f"""
    WITH
    -- The groups before the delivery, with their streams.
    candidate AS MATERIALIZED (
        SELECT {streams.COLUMNS}, stream.signals, consumer_group.id AS group_id,
               consumer_group.last_delivered_ms, consumer_group.last_delivered_seq,
               consumer_group.entries_read,
               -- The counter that the delivery adds to. If the group has read nothing of what is
               -- left, it is the number of entries that are gone, even if `entries_read` is null
               -- (LAG-4).
               CASE
                   WHEN (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
                        < (stream.recorded_first_ms, stream.recorded_first_seq)
                    AND stream.entries_added >= stream.length
                   THEN stream.entries_added - stream.length
                   ELSE consumer_group.entries_read
               END AS read_before,
               -- By ORDER BY and LIMIT this is one step into the primary key, however short the
               -- planner believes the list to be.
               (
                   SELECT true
                   FROM pending_entry
                   WHERE plate_id = %(plate)s
                     AND group_id = consumer_group.id
                     AND (ms, seq)
                         > (consumer_group.last_delivered_ms, consumer_group.last_delivered_seq)
                   ORDER BY ms, seq
                   LIMIT 1
               ) IS NOT NULL AS has_pending_ahead
        {OF_THAT_NAME}
    ),
    -- The groups that the guard lets pass.
    wanted AS MATERIALIZED (
        SELECT *
        FROM candidate AS stream
        WHERE NOT %(guarded)s
           OR (
               read_before < {FAR_FROM_WRAPPING}
               AND entries_added BETWEEN length AND {FAR_FROM_WRAPPING}
               AND (
                   (max_deleted_ms, max_deleted_seq) = (0, 0)
                   OR (max_deleted_ms, max_deleted_seq) < (last_delivered_ms, last_delivered_seq)
               )
               AND NOT has_pending_ahead
               AND NOT (
                   %(gives_way)s
                   AND EXISTS (
                       SELECT
                       FROM waiting_reader
                       WHERE {goes_before(_OWN_PLACE, "stream.group_id")}
                   )
               )
           )
    ),
    -- Their new entries, one row for each group. There are no rows if any group did not pass.
    page AS MATERIALIZED (
        SELECT wanted.*, found.*,
               CASE
                   WHEN read_before < {FAR_FROM_WRAPPING} THEN read_before + entries
                   ELSE read_before
               END AS read_after
        FROM wanted
        CROSS JOIN LATERAL (
            -- The aggregates get the entries in the order of the subquery.
            SELECT count(*) AS entries, array_agg(ms) AS ms, array_agg(seq) AS seq,
                   string_agg(rendered, ',') AS rendered
            FROM (
                SELECT entry.ms, entry.seq, {RENDERED} AS rendered
                FROM entry
                WHERE entry.plate_id = %(plate)s
                  AND entry.stream_id = wanted.id
                  AND (entry.ms, entry.seq)
                      > (wanted.last_delivered_ms, wanted.last_delivered_seq)
                ORDER BY entry.ms, entry.seq
                LIMIT %(count)s
            ) AS entry
        ) AS found
        WHERE (SELECT count(*) FROM wanted) = cardinality(%(keys)s::bytea[])
    ),
    moved AS (
        UPDATE consumer_group
        SET last_delivered_ms = page.ms[page.entries],
            last_delivered_seq = page.seq[page.entries],
            entries_read = page.read_after
        FROM page
        WHERE consumer_group.plate_id = %(plate)s
          AND consumer_group.id = page.group_id
          AND page.entries > 0
    ),
    -- Those of the new entries that are pending already. They are looked up one by one, but only in
    -- groups that may have some. The guard lets no such group pass: saying so here and below spares
    -- the planner these parts.
    held AS MATERIALIZED (
        SELECT page.group_id, given.ms, given.seq, former.consumer_id
        FROM page
        CROSS JOIN LATERAL ROWS FROM (unnest(page.ms), unnest(page.seq)) AS given (ms, seq)
        CROSS JOIN LATERAL (
            SELECT consumer_id
            FROM pending_entry
            WHERE plate_id = %(plate)s
              AND group_id = page.group_id
              AND ms = given.ms
              AND seq = given.seq
            LIMIT 1
        ) AS former
        WHERE page.has_pending_ahead
          AND NOT %(guarded)s
          AND NOT %(no_ack)s
    ),
    -- The consumer gains all new entries. Those that it owned already are subtracted here, because
    -- one statement cannot update a row twice. The counts of other former owners follow below.
    owner AS (
        INSERT INTO consumer (plate_id, group_id, name, seen_at, active_at, pending_count)
        SELECT %(plate)s, group_id, %(consumer)s, %(now)s,
               CASE WHEN entries > 0 AND NOT %(no_ack)s THEN %(now)s END,
               CASE WHEN NOT %(no_ack)s THEN entries ELSE 0 END
        FROM page
        ON CONFLICT (plate_id, group_id, name) DO UPDATE
        SET seen_at = excluded.seen_at,
            active_at = coalesce(excluded.active_at, consumer.active_at),
            pending_count = consumer.pending_count + excluded.pending_count
                            - (SELECT count(*) FROM held WHERE consumer_id = consumer.id)
        RETURNING id, group_id
    ),
    bereft AS (
        UPDATE consumer
        SET pending_count = pending_count - lost.entries
        FROM (
            SELECT group_id, consumer_id, count(*) AS entries
            FROM held
            GROUP BY group_id, consumer_id
        ) AS lost
        WHERE plate_id = %(plate)s
          AND consumer.group_id = lost.group_id
          AND id = lost.consumer_id
          AND name <> %(consumer)s
          AND NOT %(guarded)s
    ),
    handed_over AS (
        UPDATE pending_entry
        SET consumer_id = owner.id,
            delivered_at = %(now)s,
            delivery_count = 1
        FROM held
        JOIN owner USING (group_id)
        WHERE pending_entry.plate_id = %(plate)s
          AND pending_entry.group_id = held.group_id
          AND pending_entry.ms = held.ms
          AND pending_entry.seq = held.seq
          AND NOT %(guarded)s
    ),
    assigned AS (
        INSERT INTO pending_entry (
            plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
        )
        SELECT %(plate)s, page.group_id, given.ms, given.seq, owner.id, %(now)s, 1
        FROM page
        JOIN owner USING (group_id)
        CROSS JOIN LATERAL ROWS FROM (unnest(page.ms), unnest(page.seq)) AS given (ms, seq)
        WHERE NOT %(no_ack)s
          AND NOT (
              NOT %(guarded)s
              AND page.has_pending_ahead
              AND (page.group_id, given.ms, given.seq) IN (SELECT group_id, ms, seq FROM held)
          )
    ),
    -- A reader that gets entries from one of the groups gives up its places in all lines.
    given_up AS (
        DELETE FROM waiting_reader
        WHERE plate_id = %(plate)s
          AND id = ANY (%(places)s::bigint[])
          AND EXISTS (SELECT FROM page WHERE entries > 0)
    )
    SELECT {streams.COLUMNS_AS_TEXT}, signals,
           group_id, last_delivered_ms::text, last_delivered_seq::text, entries_read,
           CASE WHEN entries > 0 THEN read_after ELSE entries_read END,
           entries, rendered,
           CASE WHEN NOT %(guarded)s THEN ms::text END, CASE WHEN NOT %(guarded)s THEN seq::text END
    FROM page AS stream
"""

# Gives for each group of one name the stream's count of events that wake readers (BLK-5), and
# whether the stream has entries that are new to the group. Locks nothing.
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
    """What was delivered from one stream. The stream and the group are as they were before."""

    stream: Stream
    group: ConsumerGroup
    # How many events had happened to the stream that wake readers (BLK-5).
    signals: int
    # The read counter that the group's row has now; None: unknown. Without the guard, and if there
    # are new entries, it is provisional: `domain.lag.entries_read_after` decides.
    written_entries_read: int | None
    # The number of new entries, and their JSON texts, oldest first, joined by commas.
    entry_count: int
    elements: str
    # The IDs of the new entries, oldest first; always empty with the guard.
    ids: list[EntryId]


class Glance(NamedTuple):
    """What a look without locks finds of a group."""

    stream_id: int
    # How many events had happened to the stream that wake readers (BLK-5).
    signals: int
    group_id: int
    has_new: bool


async def deliver(
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
) -> Deferred[dict[str, Delivery]]:
    """Deliver to a consumer what is new to the locked groups of these different streams.

    At most `count` entries from each stream (None: all). Also sets the consumer's `seen_at` to
    `now_ms` (Unix ms). Returns the deliveries by key, one for each stream, even if it has no new
    entries; none at all if nothing was changed, because a group is missing or the guard did not let
    it pass (see DELIVER).

    `places` are the reader's own places in line, which it gives up if it gets entries. With
    `guarded` and `gives_way`, nothing is delivered while another reader is before it in the line
    of one of the groups; where it has no place, it is behind all others. Readers of the processes
    in `passed_over` do not count. Without the guard, the caller corrects the groups' read counters
    before the commit.
    """
    rows = await session.defer(
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
    return rows.then(lambda found: _by_key(plate, group, found))


async def glance(plate: PlateId, keys: Collection[str], group: str) -> list[Glance]:
    """A look without locks at the group, on each of the streams that has it."""
    return [Glance(*row) for row in await session.fetch_all(LOOK_FOR_NEW, _of(plate, keys, group))]


def _of(plate: PlateId, keys: Collection[str], group: str) -> dict[str, object]:
    return {"plate": plate, "keys": literals.names(keys), "group": group.encode()}


def _by_key(plate: PlateId, group: str, rows: list[session.Row]) -> dict[str, Delivery]:
    deliveries = [_from_row(plate, group, row) for row in rows]
    return {delivery.stream.name.key: delivery for delivery in deliveries}


def _from_row(plate: PlateId, name: str, row: session.Row) -> Delivery:
    *given, signals, group_id, last_ms, last_seq, entries_read = row[:-5]
    written, count, elements, ids_ms, ids_seq = row[-5:]
    stream = streams.from_row(tuple(given))
    last_delivered_id = EntryId(int(last_ms), int(last_seq))
    return Delivery(
        stream,
        ConsumerGroup(group_id, plate, stream.id, name, last_delivered_id, entries_read),
        signals,
        written,
        count,
        elements or "",
        literals.parsed_entry_ids(ids_ms, ids_seq) if ids_ms else [],
    )
