"""Create, move and destroy consumer groups and their consumers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from streams import clock
from streams.domain.errors import BusyGroup, NoSuchKey
from streams.domain.groups import ConsumerGroup, no_such_group
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.operations import locking
from streams.store import consumers, groups, session, waiting
from streams.wakeups import announcing


@asynccontextmanager
async def stream_locked(name: StreamName, *, make: bool) -> AsyncIterator[Stream]:
    """Run the body in a transaction that holds the lock of the stream. Raises NoSuchKey.

    With `make` a missing stream comes as a placeholder, which `create` makes a stream.
    """
    async with locking.streams_locked([name], make=[name] if make else []) as found:
        stream = found.get(name)
        if stream is None or (locking.is_placeholder(stream) and not make):
            raise _requires_key()
        yield stream


@asynccontextmanager
async def group_locked(
    plate: PlateId, key: str, group: str
) -> AsyncIterator[tuple[Stream, ConsumerGroup]]:
    """Run the body in a transaction that holds the locks of the stream and its group.

    Raises NoSuchKey (XGROUP-3), NoGroup (XGROUP-10).
    """
    async with session.transaction():
        stream, found = await _lock(plate, key, group)
        if found is None:
            raise no_such_group(key, group)
        yield stream, found


async def create(
    stream: Stream, name: str, last_delivered_id: EntryId, entries_read: int | None
) -> None:
    """Create a group of a locked stream; a placeholder becomes a stream by it. Raises BusyGroup."""
    if not await groups.create(stream, name, last_delivered_id, entries_read):
        raise BusyGroup("BUSYGROUP Consumer Group name already exists")
    locking.keep(stream)


async def move(group: ConsumerGroup, last_delivered_id: EntryId, entries_read: int | None) -> None:
    """Set how far a locked group has read. Its waiting readers are not woken (BLK-5, XGROUP-11)."""
    await groups.save(
        replace(group, last_delivered_id=last_delivered_id, entries_read=entries_read)
    )
    await waiting.let_sleep(group)


async def destroy(plate: PlateId, key: str, group: str) -> bool:
    """Remove a group with its consumers and pending entries; False if there is none.

    Readers that wait with the group are woken, and are refused (BLK-13). Raises NoSuchKey.

    1. Lock the stream and its group.
    2. Remove the group with all that belongs to it, and commit.
    3. Wake the readers of the stream.
    """
    async with session.transaction():
        stream, found = await _lock(plate, key, group)
        if found is None:
            return False
        await groups.delete(found)
        session.after_commit(lambda: announcing.announce([stream.name]))
    return True


async def create_consumer(plate: PlateId, key: str, group: str, name: str) -> bool:
    """Create a consumer; False, without a change, if it exists. Raises NoSuchKey, NoGroup."""
    async with group_locked(plate, key, group) as (_, locked):
        return await consumers.create(locked, name, clock.now_ms())


async def delete_consumer(plate: PlateId, key: str, group: str, name: str) -> int:
    """Remove a consumer; returns how many pending entries went. Raises NoSuchKey, NoGroup."""
    async with group_locked(plate, key, group) as (_, locked):
        return await consumers.delete(locked, name)


async def _lock(plate: PlateId, key: str, group: str) -> tuple[Stream, ConsumerGroup | None]:
    """The stream and its group, both locked. Raises NoSuchKey (XGROUP-3).

    1. Lock the stream, so that nobody creates or removes its groups meanwhile.
    2. Lock the group, which comes after its stream in the order of all locks.
    """
    stream = await locking.lock_stream(StreamName(plate, key))
    if stream is None:
        raise _requires_key()
    return stream, await locking.lock_group(plate, key, group)


def _requires_key() -> NoSuchKey:
    """The refusal of a missing stream (XGROUP-3)."""
    return NoSuchKey(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want"
        " to use the MKSTREAM option to create an empty stream automatically."
    )
