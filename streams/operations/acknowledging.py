"""Acknowledge entries of a consumer group."""

from collections.abc import Collection

from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.store import groups, pending, session


def acknowledge(plate: PlateId, key: str, group: str, ids: Collection[EntryId]) -> int:
    """Take entries off the group's list, whoever owns them; returns how many were on it.

    A missing group gives 0. Lock, removal and commit are one round trip: the statement that removes
    finds the group by its name, so it can be sent before the lock's answer has arrived.
    """
    with session.transaction():
        groups.lock_all(plate, [key], group)
        removed = pending.acknowledge(plate, key, group, ids)
    return removed.result()
