"""Rows of `pending_entry`: the pending entries lists, and the consumers' counts of their entries.

A caller that changes rows here holds the lock of their group.

A list may have grown by a million rows since the planner's statistics were made. The planner then
believes that the whole list is a single row, and may read all of it where it should use an index.
So the statements leave it no choice: a lookup of IDs either matches all columns of the primary key
with those of the wanted rows, or is a lateral query with LIMIT 1; and a statement that reads one
consumer's list does not name the group.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from streams.domain.arguments import MAX_INTEGER
from streams.domain.groups import ConsumerGroup
from streams.domain.ids import MAX_ID, NO_ID, EntryId
from streams.domain.plates import PlateId
from streams.store import literals, session
from streams.store.entries import RENDERED, Rendered
from streams.store.groups import OF_THAT_NAME
from streams.store.session import Deferred

# Makes a consumer the owner of entries, with these delivery counts, and adjusts the consumers'
# numbers of pending entries. Entries that are pending already change their owner (ST-8). Gives
# nothing; locks the pending entries, and the rows of the consumer and of the former owners.
ASSIGN = """
    WITH
    given AS MATERIALIZED (
        SELECT *
        FROM ROWS FROM (
            unnest(%(ms)s::numeric[]),
            unnest(%(seq)s::numeric[]),
            unnest(%(delivery_counts)s::bigint[])
        ) AS given (ms, seq, delivery_count)
    ),
    lost AS (
        SELECT consumer_id, count(*) AS entries
        FROM given
        CROSS JOIN LATERAL (
            SELECT consumer_id
            FROM pending_entry
            WHERE plate_id = %(plate)s
              AND group_id = %(group)s
              AND ms = given.ms
              AND seq = given.seq
            LIMIT 1
        ) AS owner
        GROUP BY consumer_id
    ),
    written AS (
        INSERT INTO pending_entry (
            plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
        )
        SELECT %(plate)s, %(group)s, ms, seq, %(consumer)s, %(delivered_at)s, delivery_count
        FROM given
        ON CONFLICT (plate_id, group_id, ms, seq) DO UPDATE
        SET consumer_id = excluded.consumer_id,
            delivered_at = excluded.delivered_at,
            delivery_count = excluded.delivery_count
    ),
    change AS (
        SELECT consumer_id, sum(entries) AS entries
        FROM (
            SELECT consumer_id, -entries AS entries FROM lost
            UNION ALL
            SELECT %(consumer)s, count(*) FROM given
        ) AS gains_and_losses
        GROUP BY consumer_id
    )
    UPDATE consumer
    SET pending_count = pending_count + change.entries,
        active_at = CASE WHEN id = %(consumer)s THEN %(now)s ELSE active_at END
    FROM change
    WHERE plate_id = %(plate)s
      AND group_id = %(group)s
      AND id = change.consumer_id
"""

# Gives a consumer's own pending entries above an ID, with the entries that still exist. Locks
# nothing: the caller holds the lock of the group.
READ_HISTORY = f"""
    SELECT pending_entry.ms::text, pending_entry.seq::text, pending_entry.delivery_count,
           found.rendered
    FROM (
        SELECT ms, seq, delivery_count
        FROM pending_entry
        WHERE plate_id = %(plate)s
          AND consumer_id = %(consumer)s
          AND (ms, seq) > (%(ms)s::numeric, %(seq)s::numeric)
        ORDER BY ms, seq
        LIMIT %(count)s
    ) AS pending_entry
    LEFT JOIN LATERAL (
        SELECT {RENDERED} AS rendered
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = %(stream)s
          AND entry.ms = pending_entry.ms
          AND entry.seq = pending_entry.seq
        LIMIT 1
    ) AS found ON true
    ORDER BY pending_entry.ms, pending_entry.seq
"""

# Sets time and count of another delivery of pending entries, which keep their owner (XRG-14). Gives
# nothing; locks the pending entries.
REDELIVER = """
    WITH again AS MATERIALIZED (
        SELECT %(plate)s::bigint AS plate_id, %(group)s::bigint AS group_id, again.*
        FROM ROWS FROM (
            unnest(%(ms)s::numeric[]),
            unnest(%(seq)s::numeric[]),
            unnest(%(delivery_counts)s::bigint[])
        ) AS again (ms, seq, delivery_count)
    )
    UPDATE pending_entry
    SET delivered_at = %(now)s,
        delivery_count = again.delivery_count
    FROM again
    WHERE pending_entry.plate_id = again.plate_id
      AND pending_entry.group_id = again.group_id
      AND pending_entry.ms = again.ms
      AND pending_entry.seq = again.seq
"""

# The end of a statement that removes the `wanted` rows, whoever owns them, and subtracts them from
# their owners' numbers of pending entries. Gives how many there were; locks those rows, and the
# rows of their owners.
_TAKEN_OFF = """
    gone AS (
        DELETE FROM pending_entry
        USING wanted
        WHERE pending_entry.plate_id = wanted.plate_id
          AND pending_entry.group_id = wanted.group_id
          AND pending_entry.ms = wanted.ms
          AND pending_entry.seq = wanted.seq
        RETURNING pending_entry.group_id, pending_entry.consumer_id
    ),
    change AS MATERIALIZED (
        SELECT group_id, consumer_id, count(*) AS entries FROM gone GROUP BY group_id, consumer_id
    ),
    counted AS (
        UPDATE consumer
        SET pending_count = pending_count - change.entries
        FROM change
        WHERE plate_id = %(plate)s
          AND consumer.group_id = change.group_id
          AND id = change.consumer_id
    )
    SELECT coalesce(sum(entries), 0)::bigint FROM change
"""

# Removes entries from the list of a locked group. Gives how many were on it; locks those rows, and
# the rows of their owners.
REMOVE = f"""
    WITH
    wanted AS MATERIALIZED (
        SELECT %(plate)s::bigint AS plate_id, %(group)s::bigint AS group_id, wanted.*
        FROM ROWS FROM (unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])) AS wanted (ms, seq)
    ),
    {_TAKEN_OFF}
"""

# Does the same by the group's name, so that it can be sent before the statement that locks the
# group has been answered. Gives 0 if there is no such group.
ACKNOWLEDGE = f"""
    WITH
    wanted AS MATERIALIZED (
        SELECT %(plate)s::bigint AS plate_id, locked.id AS group_id, wanted.*
        FROM (SELECT consumer_group.id {OF_THAT_NAME}) AS locked
        CROSS JOIN ROWS FROM (
            unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])
        ) AS wanted (ms, seq)
    ),
    {_TAKEN_OFF}
"""

# Gives the smallest and the greatest ID of a group's list, each by one step into the primary key.
# Locks nothing.
SUMMARIZE = """
    SELECT
        (SELECT ms || '-' || seq
         FROM pending_entry
         WHERE plate_id = %(plate)s AND group_id = %(group)s
         ORDER BY ms, seq
         LIMIT 1),
        (SELECT ms || '-' || seq
         FROM pending_entry
         WHERE plate_id = %(plate)s AND group_id = %(group)s
         ORDER BY ms DESC, seq DESC
         LIMIT 1)
"""

# Gives the pending entries of a group in a range of IDs. Locks nothing.
LIST_PENDING = """
    SELECT pending_entry.ms || '-' || pending_entry.seq, consumer.name,
           pending_entry.delivered_at, pending_entry.delivery_count
    FROM (
        SELECT *
        FROM pending_entry
        WHERE plate_id = %(plate)s
          AND group_id = %(group)s
          AND (ms, seq) >= (%(start_ms)s::numeric, %(start_seq)s::numeric)
          AND (ms, seq) <= (%(end_ms)s::numeric, %(end_seq)s::numeric)
          AND delivered_at <= %(idle_since)s
        ORDER BY ms, seq
        LIMIT %(count)s
    ) AS pending_entry
    JOIN consumer
      ON consumer.plate_id = pending_entry.plate_id
     AND consumer.id = pending_entry.consumer_id
    ORDER BY pending_entry.ms, pending_entry.seq
"""

# Gives the same of one consumer. It is a statement of its own, so that it uses the index by
# consumer. Locks nothing.
LIST_PENDING_OF_CONSUMER = """
    SELECT pending_entry.ms || '-' || pending_entry.seq, %(consumer)s::bytea,
           pending_entry.delivered_at, pending_entry.delivery_count
    FROM pending_entry
    WHERE plate_id = %(plate)s
      AND consumer_id = (
          SELECT id
          FROM consumer
          WHERE plate_id = %(plate)s AND group_id = %(group)s AND name = %(consumer)s
      )
      AND (ms, seq) >= (%(start_ms)s::numeric, %(start_seq)s::numeric)
      AND (ms, seq) <= (%(end_ms)s::numeric, %(end_seq)s::numeric)
      AND delivered_at <= %(idle_since)s
    ORDER BY ms, seq
    LIMIT %(count)s
"""


class HistoryItem(NamedTuple):
    """A pending entry in its owner's history; `rendered` is None if the entry is gone (XRG-13)."""

    entry_id: EntryId
    delivery_count: int
    rendered: Rendered | None


class PendingListItem(NamedTuple):
    """A pending entry as XPENDING shows it; `delivered_at` is Unix milliseconds."""

    entry_id: str
    consumer: str
    delivered_at: int
    delivery_count: int


async def assign(
    group: ConsumerGroup,
    consumer_id: int,
    given: Mapping[EntryId, int],
    *,
    delivered_at: int,
    now_ms: int,
) -> None:
    """Make a consumer the owner of entries, whoever owned them (ST-7, ST-12).

    `given` holds the new delivery count of each entry. Instants are Unix milliseconds.
    """
    await session.execute(
        ASSIGN,
        {
            **_of(group),
            **literals.entry_ids(given),
            "delivery_counts": literals.integers(given.values()),
            "consumer": consumer_id,
            "delivered_at": delivered_at,
            "now": now_ms,
        },
    )


async def history(
    group: ConsumerGroup, consumer_id: int, after: EntryId, count: int | None
) -> list[HistoryItem]:
    """A consumer's pending entries above an ID, at most `count` (None: all)."""
    rows = await session.fetch_all(
        READ_HISTORY,
        {
            **_of(group),
            "stream": group.stream_id,
            "consumer": consumer_id,
            "ms": str(after.ms),
            "seq": str(after.seq),
            "count": count,
        },
    )
    return [
        HistoryItem(
            EntryId(int(ms), int(seq)), count, None if rendered is None else Rendered(rendered)
        )
        for ms, seq, count, rendered in rows
    ]


async def redeliver(
    group: ConsumerGroup, delivery_counts: Mapping[EntryId, int], now_ms: int
) -> None:
    """Write another delivery of pending entries to their owner, with the new counts (XRG-14)."""
    await session.execute(
        REDELIVER,
        {
            **_of(group),
            **literals.entry_ids(delivery_counts),
            "delivery_counts": literals.integers(delivery_counts.values()),
            "now": now_ms,
        },
    )


async def acknowledge(
    plate: PlateId, key: str, group: str, ids: Collection[EntryId]
) -> Deferred[int]:
    """Remove entries from a locked group's list; gives how many were on it, 0 without a group."""
    rows = await session.defer(
        ACKNOWLEDGE,
        {
            "plate": plate,
            "keys": literals.names([key]),
            "group": group.encode(),
            **literals.entry_ids(ids),
        },
    )
    return rows.then(lambda found: int(found[0][0]))


async def remove(group: ConsumerGroup, ids: Collection[EntryId]) -> None:
    """Remove entries from a locked group's list, whoever owns them."""
    await session.execute(REMOVE, {**_of(group), **literals.entry_ids(ids)})


async def ends(group: ConsumerGroup) -> tuple[str | None, str | None]:
    """The smallest and the greatest pending ID; None if the list is empty."""
    row = await session.fetch_one(SUMMARIZE, _of(group))
    assert row is not None
    return row[0], row[1]


async def listed(
    group: ConsumerGroup,
    start: EntryId = NO_ID,
    end: EntryId = MAX_ID,
    *,
    count: int | None,
    consumer: str | None = None,
    idle_since: int = MAX_INTEGER,
) -> list[PendingListItem]:
    """Pending entries from `start` to `end`, both inclusive, at most `count` (None: all).

    Only those of `consumer` (None: of all), last delivered at `idle_since` (Unix ms) or before.
    """
    rows = await session.fetch_all(
        LIST_PENDING if consumer is None else LIST_PENDING_OF_CONSUMER,
        {
            **_of(group),
            "start_ms": str(start.ms),
            "start_seq": str(start.seq),
            "end_ms": str(end.ms),
            "end_seq": str(end.seq),
            "count": count,
            "idle_since": idle_since,
            **({"consumer": consumer.encode()} if consumer is not None else {}),
        },
    )
    return [PendingListItem(id_, bytes(name).decode(), at, times) for id_, name, at, times in rows]


def _of(group: ConsumerGroup) -> dict[str, Any]:
    return {"plate": group.plate, "group": group.id}
