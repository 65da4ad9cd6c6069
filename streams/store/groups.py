"""Rows of `consumer_group`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.domain.streams import Stream
from streams.store import literals, session
from streams.store.session import Deferred

_COLUMNS = """
    consumer_group.id, consumer_group.plate_id, consumer_group.stream_id, consumer_group.name,
    consumer_group.last_delivered_ms::text, consumer_group.last_delivered_seq::text,
    consumer_group.entries_read
"""

# The beginning of FROM and WHERE for the groups of one name on several streams.
OF_THAT_NAME = """
    FROM stream
    JOIN consumer_group
      ON consumer_group.plate_id = stream.plate_id
     AND consumer_group.stream_id = stream.id
     AND consumer_group.name = %(group)s
    WHERE stream.plate_id = %(plate)s
      AND stream.key = ANY (%(keys)s::bytea[])
"""

# Gives one group, by the key of its stream and its name. Locks nothing.
FIND_GROUP = f"""
    SELECT {_COLUMNS}
    FROM consumer_group
    WHERE plate_id = %(plate)s
      AND stream_id = (SELECT id FROM stream WHERE plate_id = %(plate)s AND key = %(key)s)
      AND name = %(group)s
"""

# Gives the groups of these names on several streams. Locks their rows until commit, in ascending
# id.
LOCK_GROUPS = f"""
    SELECT stream.key, {_COLUMNS}
    FROM consumer_group
    JOIN stream
      ON stream.plate_id = consumer_group.plate_id
     AND stream.id = consumer_group.stream_id
    WHERE consumer_group.plate_id = %(plate)s
      AND stream.key = ANY (%(keys)s::bytea[])
      AND consumer_group.name = ANY (%(groups)s::bytea[])
    ORDER BY consumer_group.id
    FOR NO KEY UPDATE OF consumer_group
"""

# Gives the ids of all groups of a stream. Locks their rows until commit, in ascending id.
LOCK_GROUPS_OF_STREAM = """
    SELECT id
    FROM consumer_group
    WHERE plate_id = %(plate)s
      AND stream_id = %(stream)s
    ORDER BY id
    FOR NO KEY UPDATE
"""

# Gives all groups of a stream in byte order of their names, with their numbers of consumers and of
# pending entries. Locks nothing.
LIST_GROUPS = f"""
    SELECT {_COLUMNS}, count(consumer.id), coalesce(sum(consumer.pending_count), 0)::bigint
    FROM consumer_group
    LEFT JOIN consumer
      ON consumer.plate_id = consumer_group.plate_id
     AND consumer.group_id = consumer_group.id
    WHERE consumer_group.plate_id = %(plate)s
      AND consumer_group.stream_id = %(stream)s
    GROUP BY consumer_group.plate_id, consumer_group.id
    ORDER BY consumer_group.name
"""

# Creates a group of a locked stream, unless one of that name exists. Gives its id, or no row. Locks
# the new row.
CREATE_GROUP = """
    INSERT INTO consumer_group (
        plate_id, stream_id, name, last_delivered_ms, last_delivered_seq, entries_read
    )
    VALUES (
        %(plate)s, %(stream)s, %(group)s, %(ms)s::numeric, %(seq)s::numeric, %(entries_read)s
    )
    ON CONFLICT (plate_id, stream_id, name) DO NOTHING
    RETURNING id
"""

# Writes how far a locked group has read. Gives nothing; locks the row of the group.
SAVE_GROUP = """
    UPDATE consumer_group
    SET last_delivered_ms = %(ms)s::numeric,
        last_delivered_seq = %(seq)s::numeric,
        entries_read = %(entries_read)s
    WHERE plate_id = %(plate)s
      AND id = %(group)s
"""

# Removes a locked group with its consumers and pending entries, and counts that as a signal of its
# stream. Gives nothing; locks the rows that it removes, and the row of the stream.
DELETE_GROUP = """
    WITH
    gone_pending AS (
        DELETE FROM pending_entry
        WHERE plate_id = %(plate)s AND group_id = %(group)s
    ),
    gone_consumer AS (
        DELETE FROM consumer
        WHERE plate_id = %(plate)s AND group_id = %(group)s
    ),
    signal AS (
        UPDATE stream
        SET signals = signals + 1
        WHERE plate_id = %(plate)s AND id = %(stream)s
    )
    DELETE FROM consumer_group
    WHERE plate_id = %(plate)s AND id = %(group)s
"""


@dataclass(frozen=True, slots=True)
class GroupTotals:
    """A group, and how many consumers and pending entries it has."""

    group: ConsumerGroup
    consumers: int
    pending: int


async def find(plate: PlateId, key: str, name: str) -> ConsumerGroup | None:
    """The group as it is now; None if it or its stream is missing."""
    row = await session.fetch_one(
        FIND_GROUP, {"plate": plate, "key": key.encode(), "group": name.encode()}
    )
    return _from_row(row) if row else None


async def lock_all(
    plate: PlateId, keys: Collection[str], name: str
) -> Deferred[dict[str, ConsumerGroup]]:
    """Lock the groups of that name until commit; gives them by key, where a stream has one.

    They are locked before the next statement runs, even if that is sent before this answer arrives.
    """
    rows = await session.defer(
        LOCK_GROUPS,
        {"plate": plate, "keys": literals.names(keys), "groups": literals.names([name])},
    )
    return rows.then(lambda found: {bytes(key).decode(): _from_row(row) for key, *row in found})


async def lock_many(plate: PlateId, groups: Collection[tuple[str, str]]) -> None:
    """Lock groups of one plate, by key and name, until commit, in the common order.

    This also locks groups of other combinations of these keys and names, which does no harm.
    """
    if not groups:
        return
    await session.fetch_all(
        LOCK_GROUPS,
        {
            "plate": plate,
            "keys": literals.names(key for key, _ in groups),
            "groups": literals.names(name for _, name in groups),
        },
    )


async def lock_all_of(stream: Stream) -> None:
    """Lock all groups of a locked stream until commit, so that nothing is delivered meanwhile."""
    await session.fetch_all(
        LOCK_GROUPS_OF_STREAM, {"plate": stream.name.plate, "stream": stream.id}
    )


async def listed(stream: Stream) -> list[GroupTotals]:
    """All groups of the stream in byte order (GEN-15)."""
    rows = await session.fetch_all(LIST_GROUPS, {"plate": stream.name.plate, "stream": stream.id})
    return [GroupTotals(_from_row(row), consumers, pending) for *row, consumers, pending in rows]


async def create(
    stream: Stream, name: str, last_delivered_id: EntryId, entries_read: int | None
) -> bool:
    """Create a group of a locked stream; False if one of that name exists."""
    row = await session.fetch_one(
        CREATE_GROUP,
        {
            "plate": stream.name.plate,
            "stream": stream.id,
            "group": name.encode(),
            "ms": str(last_delivered_id.ms),
            "seq": str(last_delivered_id.seq),
            "entries_read": entries_read,
        },
    )
    return row is not None


async def save(group: ConsumerGroup) -> None:
    """Write how far a locked group has read: its last-delivered-id and its read counter."""
    await session.execute(
        SAVE_GROUP,
        {
            "plate": group.plate,
            "group": group.id,
            "ms": str(group.last_delivered_id.ms),
            "seq": str(group.last_delivered_id.seq),
            "entries_read": group.entries_read,
        },
    )


async def delete(group: ConsumerGroup) -> None:
    """Remove a locked group of a locked stream, with consumers and pending entries."""
    await session.execute(
        DELETE_GROUP, {"plate": group.plate, "group": group.id, "stream": group.stream_id}
    )


def _from_row(row: Sequence[Any]) -> ConsumerGroup:
    id_, plate, stream, name, ms, seq, entries_read = row
    return ConsumerGroup(
        id=id_,
        plate=plate,
        stream_id=stream,
        name=bytes(name).decode(),
        last_delivered_id=EntryId(int(ms), int(seq)),
        entries_read=entries_read,
    )
