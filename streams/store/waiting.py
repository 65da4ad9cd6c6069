"""Rows of `waiting_reader`: who is blocked on which group, in order of arrival.

A row counts as long as its process lives. PostgreSQL tells: each process holds an advisory lock on
its own number, in the session that listens, and loses it with that session, however it ends.
"""

from collections.abc import Collection, Mapping

from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId
from streams.store import literals, session

# Whether the reader of a row, which waits for a group of this `stream`, takes what is new: its time
# is not over, it does not sleep through it, and its process lives. The lock of a process that does
# not is free to share, and is shared until the transaction ends.
TAKES_WHAT_IS_NEW = """
    waiting_reader.expires_at > %(now)s
    AND waiting_reader.asleep_at_signals IS DISTINCT FROM stream.signals
    AND NOT pg_try_advisory_xact_lock_shared(waiting_reader.process)
"""

# A place at the end of each group's line.
ENTER = """
    INSERT INTO waiting_reader (plate_id, group_id, process, expires_at)
    SELECT %(plate)s, unnest(%(groups)s::bigint[]), %(process)s, %(expires_at)s
    RETURNING group_id, id
"""

LEAVE = """
    DELETE FROM waiting_reader
    WHERE plate_id = %(plate)s
      AND id = ANY (%(places)s::bigint[])
"""

# The first place in the line of each group, where it is one before the given place, and not of a
# process that is passed over.
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
        WHERE waiting_reader.plate_id = %(plate)s
          AND waiting_reader.group_id = mine.group_id
          AND waiting_reader.id < mine.place
          AND waiting_reader.process <> ALL (%(passed_over)s::bigint[])
          AND {TAKES_WHAT_IS_NEW}
        ORDER BY waiting_reader.id
        LIMIT 1
    ) AS first
"""

# Removes from its line whoever waits for the same group in the same process as one of these.
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

# Notes of all that wait for a group that they sleep until something happens to its stream.
LET_SLEEP = """
    UPDATE waiting_reader
    SET asleep_at_signals = stream.signals
    FROM stream
    WHERE waiting_reader.plate_id = %(plate)s
      AND waiting_reader.group_id = %(group)s
      AND stream.plate_id = waiting_reader.plate_id
      AND stream.id = %(stream)s
"""

# Removes what processes that are gone have left, of all plates. Several processes may do so at the
# same time: what one has locked is nothing to wait for.
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
"""Behind every place that there can be."""


def enter(groups: Collection[ConsumerGroup], process: int, expires_at: int) -> dict[int, int]:
    """Queue up for locked groups until then (Unix ms); returns the places, by group."""
    rows = session.fetch_all(ENTER, {**_of(groups), "process": process, "expires_at": expires_at})
    return dict(rows)


def leave(plate: PlateId, places: Collection[int]) -> None:
    """Give places up."""
    session.execute(LEAVE, {"plate": plate, "places": literals.integers(places)})


def first_before(
    groups: Collection[ConsumerGroup],
    places: Mapping[int, int],
    passed_over: Collection[int],
    now_ms: int,
) -> dict[int, int]:
    """The places of those who wait longest, by group, where somebody waits longer than oneself.

    `places` are one's own, by group; without one, anybody in the line waits longer. Who waits in
    one of the processes in `passed_over` does not count.
    """
    own = [places.get(group.id, END_OF_LINE) for group in groups]
    rows = session.fetch_all(
        FIRST_BEFORE,
        {
            **_of(groups),
            "places": literals.integers(own),
            "passed_over": literals.integers(passed_over),
            "now": now_ms,
        },
    )
    return dict(rows)


def put_out(plate: PlateId, places: Collection[int]) -> set[int]:
    """Take these places away, and those of the same group and process; returns the processes."""
    rows = session.fetch_all(PUT_OUT, {"plate": plate, "places": literals.integers(places)})
    return {row[0] for row in rows}


def let_sleep(group: ConsumerGroup) -> None:
    """Whoever waits for this locked group is not woken by what is new to it now (BLK-5)."""
    session.execute(LET_SLEEP, {"plate": group.plate, "group": group.id, "stream": group.stream_id})


def forget_the_gone() -> None:
    """Remove the rows of processes that live no more."""
    session.execute(FORGET_THE_GONE)


def _of(groups: Collection[ConsumerGroup]) -> dict[str, object]:
    return {
        "plate": next(iter(groups)).plate,
        "groups": literals.integers(group.id for group in groups),
    }
