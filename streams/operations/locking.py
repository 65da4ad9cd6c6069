"""Locks on streams and consumer groups, always in one order, so that nobody waits in a circle.

1. Create a placeholder for each missing stream that may be made, in byte order of the names. An
   insert may wait for another transaction's, so nothing is locked before.
2. Lock the streams, in ascending id.
3. Lock the consumer groups, in ascending id.

A placeholder is the row of a stream that does not exist yet. The commands of its transaction do
not see it until one of them makes the stream and keeps the row; those never kept are removed at
the end.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.store import groups, session, streams
from streams.store.errors import Conflict


@contextmanager
def streams_locked(
    names: Collection[StreamName], *, make: Collection[StreamName] = ()
) -> Iterator[dict[StreamName, Stream]]:
    """Run the body in a transaction that holds the locks of those of the streams that exist.

    Each of those in `make` that is missing is a placeholder: the body must `keep` it to make it.
    Raises Conflict if one of them was deleted just before it could be locked.
    """
    with session.transaction():
        found = streams.lock_all(names)
        if found.keys() >= set(make):
            yield found
            return
    with session.transaction():
        streams.create_placeholders([name for name in make if name not in found])
        yield _lock_made(names, make)
        _remove_placeholders()


@contextmanager
def all_locked(
    names: Collection[StreamName],
    groups_of_plate: tuple[PlateId, Collection[tuple[str, str]]],
    *,
    make: Collection[StreamName],
) -> Iterator[None]:
    """Run the body, which runs commands on these streams and groups, in one transaction.

    Raises Conflict if one of the streams was deleted just before it could be locked: the body
    would make it anew, after locks that come later in the order.
    """
    with session.transaction():
        if make:
            streams.create_placeholders(make)
        _lock_made(names, make)
        groups.lock_many(*groups_of_plate)
        yield
        if make:
            _remove_placeholders()


def lock_stream(name: StreamName) -> Stream | None:
    """The stream, locked until the transaction ends; None if there is none."""
    stream = streams.lock_all([name]).get(name)
    return stream if stream and not is_placeholder(stream) else None


def lock_group(plate: PlateId, key: str, name: str) -> ConsumerGroup | None:
    """The group, locked until the transaction ends; None if it or its stream is missing."""
    return groups.lock_all(plate, [key], name).result().get(key)


def is_placeholder(stream: Stream) -> bool:
    """Whether this transaction created the row but no command has made the stream yet."""
    return stream.id in session.placeholders()


def keep(stream: Stream) -> None:
    """Let the stream exist from here on, if it is a placeholder."""
    session.placeholders().pop(stream.id, None)


def _lock_made(
    names: Collection[StreamName], made: Collection[StreamName]
) -> dict[StreamName, Stream]:
    found = streams.lock_all(names)
    if found.keys() >= set(made):
        return found
    raise Conflict


def _remove_placeholders() -> None:
    if placeholders := session.placeholders():
        streams.delete_empty(placeholders)
