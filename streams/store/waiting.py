"""Rows of `waiting_reader`: the places of blocked readers in the lines of their groups.

A place is a row's id: the smaller it is, the longer its reader waits. A row counts only while its
process lives. To show that it does, each process holds an advisory lock on its own number, in the
session that listens; PostgreSQL releases the lock when that session ends, for whatever reason.
"""

from collections.abc import Collection, Mapping

from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId
from streams.store import literals, session


def goes_before(place: str, group_id: str) -> str:
    """The condition that the reader of a row goes before a place in the line of a group (BLK-17).

    Both are columns or expressions of SQL; the group is one of this `stream`.

    The reader is before the place, its process is not passed over, and it will take new entries:
    its time is not over, XGROUP SETID has not left it asleep, and its process lives. Only if the
    process has ended can its advisory lock be had; this statement then shares it until the
    transaction ends.
    """
    return f"""
        waiting_reader.plate_id = %(plate)s
        AND waiting_reader.group_id = {group_id}
        AND waiting_reader.id < {place}
        AND waiting_reader.process <> ALL (%(passed_over)s::bigint[])
        AND waiting_reader.expires_at > %(now)s
        AND waiting_reader.asleep_at_signals IS DISTINCT FROM stream.signals
        AND NOT pg_try_advisory_xact_lock_shared(waiting_reader.process)
    """


# Takes a place at the end of the line of each group. Gives the places; locks the new rows.
ENTER = """
    INSERT INTO waiting_reader (plate_id, group_id, process, expires_at)
    SELECT %(plate)s, unnest(%(groups)s::bigint[]), %(process)s, %(expires_at)s
    RETURNING group_id, id
"""

# Gives up places in line. Gives nothing; locks the rows that it removes.
LEAVE = """
    DELETE FROM waiting_reader
    WHERE plate_id = %(plate)s
      AND id = ANY (%(places)s::bigint[])
"""

# Gives for each group the first place in its line whose reader will take new entries, if that place
# is before the reader's own. Processes that are passed over do not count. Locks no rows; shares the
# advisory locks of processes that have ended.
FIRST_BEFORE = f"""
    SELECT mine.group_id, first.id
    FROM ROWS FROM (
        unnest(%(groups)s::bigint[]), unnest(%(places)s::bigint[])
    ) AS mine (group_id, place)
    JOIN consumer_group
      ON consumer_group.plate_id = %(plate)s
     AND consumer_group.id = mine.group_id
    JOIN stream
      ON stream.plate_id = consumer_group.plate_id
     AND stream.id = consumer_group.stream_id
    CROSS JOIN LATERAL (
        SELECT waiting_reader.id
        FROM waiting_reader
        WHERE {goes_before("mine.place", "mine.group_id")}
        ORDER BY waiting_reader.id
        LIMIT 1
    ) AS first
"""

# Removes from the line all readers that wait for the same group in the same process as one of these
# places. Gives their processes; locks the rows that it removes.
PUT_OUT = """
    DELETE FROM waiting_reader
    USING waiting_reader AS idle
    WHERE idle.plate_id = %(plate)s
      AND idle.id = ANY (%(places)s::bigint[])
      AND waiting_reader.plate_id = idle.plate_id
      AND waiting_reader.group_id = idle.group_id
      AND waiting_reader.process = idle.process
    RETURNING waiting_reader.process
"""

# Lets all readers that wait for a group sleep until its stream has another signal. Gives nothing;
# locks their rows.
LET_SLEEP = """
    UPDATE waiting_reader
    SET asleep_at_signals = stream.signals
    FROM stream
    WHERE waiting_reader.plate_id = %(plate)s
      AND waiting_reader.group_id = %(group)s
      AND stream.plate_id = waiting_reader.plate_id
      AND stream.id = %(stream)s
"""

# Removes the rows of processes that have ended, of all plates. Gives nothing; locks the rows that
# it removes, and skips those that another process is removing at the same time. Shares the advisory
# locks of processes that have ended.
FORGET_THE_GONE = """
    DELETE FROM waiting_reader
    WHERE (plate_id, id) IN (
        SELECT plate_id, id
        FROM waiting_reader
        WHERE pg_try_advisory_xact_lock_shared(process)
        FOR UPDATE SKIP LOCKED
    )
"""

END_OF_LINE = 2**63 - 1
"""A number behind every place in a line."""


async def enter(groups: Collection[ConsumerGroup], process: int, expires_at: int) -> dict[int, int]:
    """Join the lines of locked groups of one plate; returns the places, by group.

    `expires_at` (Unix ms) is when the reader stops waiting.
    """
    rows = await session.fetch_all(
        ENTER, {**_of(groups), "process": process, "expires_at": expires_at}
    )
    return dict(rows)


async def leave(plate: PlateId, places: Collection[int]) -> None:
    """Give up places in line."""
    await session.execute(LEAVE, {"plate": plate, "places": literals.integers(places)})


async def first_before(
    groups: Collection[ConsumerGroup],
    places: Mapping[int, int],
    passed_over: Collection[int],
    now_ms: int,
) -> dict[int, int]:
    """By group, the first place in line whose reader will take new entries, if it is before ours.

    `places` are the reader's own places, by group; where it has none, it is behind all others.
    Readers of the processes in `passed_over` do not count.
    """
    own = [places.get(group.id, END_OF_LINE) for group in groups]
    rows = await session.fetch_all(
        FIRST_BEFORE,
        {
            **_of(groups),
            "places": literals.integers(own),
            "passed_over": literals.integers(passed_over),
            "now": now_ms,
        },
    )
    return dict(rows)


async def put_out(plate: PlateId, places: Collection[int]) -> set[int]:
    """Remove these places, and those of the same group and process; returns the processes."""
    rows = await session.fetch_all(PUT_OUT, {"plate": plate, "places": literals.integers(places)})
    return {row[0] for row in rows}


async def let_sleep(group: ConsumerGroup) -> None:
    """Let readers that wait for this locked group sleep on, even if it has new entries (BLK-5)."""
    await session.execute(
        LET_SLEEP, {"plate": group.plate, "group": group.id, "stream": group.stream_id}
    )


async def forget_the_gone() -> None:
    """Remove the rows of processes that have ended."""
    await session.execute(FORGET_THE_GONE)


def _of(groups: Collection[ConsumerGroup]) -> dict[str, object]:
    return {
        "plate": next(iter(groups)).plate,
        "groups": literals.integers(group.id for group in groups),
    }
