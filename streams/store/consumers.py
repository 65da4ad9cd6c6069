"""Rows of `consumer`."""

from collections.abc import Collection
from dataclasses import dataclass

from streams.domain.groups import ConsumerGroup
from streams.store import literals, session

# Finds or creates the consumer of one name in each of several locked groups, and sets when it was
# last seen. Gives its id in each group. Locks its rows.
SEE_CONSUMER = """
    INSERT INTO consumer (plate_id, group_id, name, seen_at)
    SELECT %(plate)s, unnest(%(groups)s::bigint[]), %(consumer)s, %(now)s
    ON CONFLICT (plate_id, group_id, name) DO UPDATE
    SET seen_at = excluded.seen_at
    RETURNING group_id, id
"""

# Creates a consumer, unless one of that name exists. Gives its id, or no row. Locks the new row.
CREATE_CONSUMER = """
    INSERT INTO consumer (plate_id, group_id, name, seen_at)
    VALUES (%(plate)s, %(group)s, %(consumer)s, %(now)s)
    ON CONFLICT (plate_id, group_id, name) DO NOTHING
    RETURNING id
"""

# Removes a consumer of a locked group with its pending entries. Gives their number. Locks the rows
# that it removes.
DELETE_CONSUMER = """
    WITH
    gone AS (
        DELETE FROM consumer
        WHERE plate_id = %(plate)s AND group_id = %(group)s AND name = %(consumer)s
        RETURNING id
    ),
    gone_pending AS (
        DELETE FROM pending_entry
        WHERE plate_id = %(plate)s
          AND consumer_id = (SELECT id FROM gone)
        RETURNING 1
    )
    SELECT count(*) FROM gone_pending
"""

# Gives all consumers of a group in byte order of their names. Locks nothing.
LIST_CONSUMERS = """
    SELECT id, name, seen_at, active_at, pending_count
    FROM consumer
    WHERE plate_id = %(plate)s
      AND group_id = %(group)s
    ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer; instants are Unix milliseconds."""

    id: int
    name: str
    # When it last asked for entries (ST-11).
    seen_at: int
    # When it last got new entries, not with NOACK, or claimed some; None: never (ST-12).
    active_at: int | None
    pending_count: int


async def see(groups: Collection[ConsumerGroup], name: str, now_ms: int) -> dict[int, int]:
    """Set `seen_at` of a consumer in these locked groups of one plate (ST-10, ST-11).

    Creates the consumer where it does not exist. Returns its ids, by group id.
    """
    rows = await session.fetch_all(
        SEE_CONSUMER,
        {
            "plate": next(iter(groups)).plate,
            "groups": literals.integers(group.id for group in groups),
            "consumer": name.encode(),
            "now": now_ms,
        },
    )
    return dict(rows)


async def create(group: ConsumerGroup, name: str, now_ms: int) -> bool:
    """Create a consumer of a locked group; False, without a change, if that name exists."""
    return (
        await session.fetch_one(CREATE_CONSUMER, {**_named(group, name), "now": now_ms}) is not None
    )


async def delete(group: ConsumerGroup, name: str) -> int:
    """Remove a consumer of a locked group; returns how many pending entries went with it."""
    row = await session.fetch_one(DELETE_CONSUMER, _named(group, name))
    assert row is not None
    return int(row[0])


async def listed(group: ConsumerGroup) -> list[Consumer]:
    """All consumers of the group in byte order (GEN-15)."""
    rows = await session.fetch_all(LIST_CONSUMERS, {"plate": group.plate, "group": group.id})
    return [Consumer(id_, bytes(name).decode(), *others) for id_, name, *others in rows]


def _named(group: ConsumerGroup, name: str) -> dict[str, object]:
    return {"plate": group.plate, "group": group.id, "consumer": name.encode()}
