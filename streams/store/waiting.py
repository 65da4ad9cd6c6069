"""Rows of `waiting_reader`: who is blocked on which group, in order of arrival."""

from collections.abc import Collection

from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId
from streams.store import literals, session

# A place at the end of each group's line.
ENTER = """
    INSERT INTO waiting_reader (plate_id, group_id, expires_at)
    SELECT %(plate)s, unnest(%(groups)s::bigint[]), %(expires_at)s
    RETURNING id
"""

LEAVE = """
    DELETE FROM waiting_reader
    WHERE plate_id = %(plate)s
      AND id = ANY (%(places)s::bigint[])
"""

# Whether somebody else waits for one of the groups: with places of one's own, somebody before.
ANYBODY_BEFORE = """
    SELECT EXISTS (
        SELECT
        FROM waiting_reader
        WHERE plate_id = %(plate)s
          AND group_id = ANY (%(groups)s::bigint[])
          AND id < %(place)s
          AND expires_at > %(now)s
    )
"""

_END_OF_LINE = 2**63 - 1


def enter(groups: Collection[ConsumerGroup], expires_at: int) -> list[int]:
    """Queue up for locked groups until then (Unix ms); returns the places."""
    rows = session.fetch_all(ENTER, {**_of(groups), "expires_at": expires_at})
    return [row[0] for row in rows]


def leave(plate: PlateId, places: Collection[int]) -> None:
    """Give places up."""
    session.execute(LEAVE, {"plate": plate, "places": literals.integers(places)})


def anybody_before(groups: Collection[ConsumerGroup], places: Collection[int], now_ms: int) -> bool:
    """Whether somebody waits longer for one of the groups; without a place, anybody does."""
    place = min(places, default=_END_OF_LINE)
    row = session.fetch_one(ANYBODY_BEFORE, {**_of(groups), "place": place, "now": now_ms})
    assert row is not None
    return bool(row[0])


def _of(groups: Collection[ConsumerGroup]) -> dict[str, object]:
    return {
        "plate": next(iter(groups)).plate,
        "groups": literals.integers(group.id for group in groups),
    }
