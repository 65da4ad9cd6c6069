"""Locks on streams and consumer groups, always in one order, so that there are no deadlocks.

1. Create a placeholder for each missing stream that may be made, in byte order of the names. This
   comes before all locks, because an insert may have to wait for another transaction's insert.
2. Lock the streams, in ascending id.
3. Lock the consumer groups, in ascending id.

A placeholder is the row of a stream that does not exist yet. The commands of its transaction do
not see it until one of them makes the stream, which keeps the row. Rows that no command has kept
are removed at the end of the transaction.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import groups, session, streams
from streams.store.errors import Conflict


@asynccontextmanager
async def streams_locked(
    names: Collection[StreamName], *, make: Collection[StreamName] = ()
) -> AsyncIterator[dict[StreamName, Stream]]:
    """Run the body in a transaction that holds the locks of the streams that exist, by name.

    Missing streams named in `make` come as placeholders: to make one, the body must `keep` it.
    Raises Conflict if one of those in `make` was deleted just before it could be locked.
    """
    # Most streams exist: first without placeholders, in a transaction of its own, because nothing
    # may be locked before a placeholder is created.
    async with session.transaction():
        found = await streams.lock_all(names)
        if found.keys() >= set(make):
            yield found
            return
    async with session.transaction():
        await streams.create_placeholders([name for name in make if name not in found])
        yield await _lock_made(names, make)
        await _remove_placeholders()


@asynccontextmanager
async def all_locked(
    names: Collection[StreamName],
    groups_of_plate: tuple[PlateId, Collection[tuple[str, str]]],
    *,
    make: Collection[StreamName],
) -> AsyncIterator[None]:
    """Run the body, which runs commands on these streams and groups, in one transaction.

    Raises Conflict if one of the streams in `make` was deleted just before it could be locked: the
    body would create it again, and hold locks by then that come later in the order.
    """
    async with session.transaction():
        if make:
            await streams.create_placeholders(make)
        await _lock_made(names, make)
        await groups.lock_many(*groups_of_plate)
        yield
        if make:
            await _remove_placeholders()


async def lock_stream(name: StreamName) -> Stream | None:
    """The stream, locked until the transaction ends; None if there is none."""
    stream = (await streams.lock_all([name])).get(name)
    return stream if stream and not is_placeholder(stream) else None


async def lock_group(plate: PlateId, key: str, name: str) -> ConsumerGroup | None:
    """The group, locked until the transaction ends; None if it or its stream is missing."""
    return (await (await groups.lock_all(plate, [key], name)).result()).get(key)


def is_placeholder(stream: Stream) -> bool:
    """Whether this transaction created the row, and no command has made the stream yet."""
    return stream.id in session.placeholders()


def keep(stream: Stream) -> None:
    """If the stream is a placeholder, let it exist from here on."""
    session.placeholders().pop(stream.id, None)


async def _lock_made(
    names: Collection[StreamName], made: Collection[StreamName]
) -> dict[StreamName, Stream]:
    found = await streams.lock_all(names)
    if found.keys() >= set(made):
        return found
    raise Conflict


async def _remove_placeholders() -> None:
    if placeholders := session.placeholders():
        await streams.delete_empty(placeholders)
