"""Acknowledge entries of a consumer group."""

from collections.abc import Collection

from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.store import groups, pending, session


async def acknowledge(plate: PlateId, key: str, group: str, ids: Collection[EntryId]) -> int:
    """Take entries off the group's list, whoever owns them; returns how many were on it.

    A missing group gives 0. All is one round trip.

    1. Send the lock of the group.
    2. Send the removal, without a wait for the lock's answer: it finds the group by its name.
    3. Send the commit, and wait for all answers.
    """
    async with session.transaction():
        await groups.lock_all(plate, [key], group)
        removed = await pending.acknowledge(plate, key, group, ids)
    return await removed.result()
