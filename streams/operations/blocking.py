"""Deliver new entries to a reader that waits until there are some (BLOCK).

`delivering` does the work of each attempt; this module decides when a reader attempts, sleeps and
gives way to others.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from streams import clock, wakeups
from streams.domain.errors import Unavailable
from streams.domain.plates import StreamName
from streams.operations.delivering import (
    Delivered,
    DeliveredByKey,
    DeliveredEntries,
    GroupRead,
    NothingNew,
    deliver_guarded,
    lock_groups,
    turn,
)
from streams.rounds.conflicts import again_after_conflict
from streams.store import deliveries, session
from streams.wakeups import announcing
from streams.wakeups.line import PlacesInLine, courtesy_seconds


class Attempt(NamedTuple):
    """The outcome of one attempt of a blocking reader to get new entries."""

    delivered: DeliveredByKey
    # There are new entries, but readers before this one in line are to take them.
    left_to_others: bool = False


NOTHING = Attempt({})


async def deliver_or_wait(read: GroupRead, block_ms: int) -> DeliveredByKey:
    """Deliver new entries as soon as there are some; delivers nothing if `block_ms` pass before.

    The caller must count as a blocked reader. Raises what `deliver` raises, Unavailable when the
    server shuts down, and ReaderEnded when its client has left or its API key was revoked.

    1. Register with the waiting room, so that any change of the streams wakes the reader.
    2. Attempt to deliver. A reader that finds nothing takes a place in the line of each group. A
       reader that finds entries but is not first in line waits for a moment, so that the readers
       before it can take them.
    3. Sleep without a connection, then check without locks whether another attempt is worth it.
    4. Give the places up, whatever the outcome.
    """
    line = PlacesInLine(read.plate, expires_at=clock.now_ms() + block_ms)
    with wakeups.waiting(read.names, block_ms) as waiting:
        async with _leaving(line, read):
            attempt = await _attempt(read, line)
            while not attempt.delivered:
                if attempt.left_to_others:
                    await waiting.sleep_at_most(courtesy_seconds())
                elif not await waiting.sleep():
                    break
                attempt = NOTHING
                # While the database is away the reader sleeps on; the hub wakes it afterwards.
                with suppress(Unavailable):
                    if await _is_worth_it(read, line):
                        attempt = await _attempt(read, line)
            return attempt.delivered


@asynccontextmanager
async def _leaving(line: PlacesInLine, read: GroupRead) -> AsyncIterator[None]:
    """Give up the reader's places at the end of the body."""
    try:
        yield
    except wakeups.ReaderEnded:
        await _give_up_places(line)
        if await _is_worth_it(read, line):
            # Readers behind this one may wait for it to take new entries.
            announcing.announce(read.names)
        raise
    finally:
        await _give_up_places(line)


@again_after_conflict
async def _give_up_places(line: PlacesInLine) -> None:
    await line.leave()


@again_after_conflict
async def _is_worth_it(read: GroupRead, line: PlacesInLine) -> bool:
    """Whether a look without locks shows new entries, or a group that is gone or was replaced."""
    found = await deliveries.glance(read.plate, read.keys, read.group)
    return len(found) < len(read.keys) or line.notice(found)


@again_after_conflict
async def _attempt(read: GroupRead, line: PlacesInLine) -> Attempt:
    """Deliver to a blocking reader. After a conflict it tries again with the same places."""
    async with turn(read):
        match await deliver_guarded(read, line):
            case Delivered(delivered):
                line.forget()
                _wake_the_next(read, delivered)
                return Attempt(delivered)
            case NothingNew(groups, signals) if line.stands_in(groups):
                line.found_nothing(signals)
                return NOTHING
        # The guard did not decide, or the reader has yet to take its places.
        return await _attempt_generally(read, line)


async def _attempt_generally(read: GroupRead, line: PlacesInLine) -> Attempt:
    """Deliver from the groups where no reader goes first; without any, take places in line.

    1. Lock the groups, and look which have new entries.
    2. Give way in those groups to the readers that are before this one in line.
    3. If groups with new entries remain, give up all places, deliver from these groups, and wake
       the next readers after the commit.
    4. Otherwise set the consumer's `seen_at`, and take a place in the line of each group.
    5. If no group has new entries, note after the commit what the streams were like.
    """
    async with session.transaction():
        locked = await lock_groups(read)
        groups = locked.by_key.values()
        glances = await deliveries.glance(read.plate, read.keys, read.group)
        with_new = {glance.group_id for glance in glances if glance.has_new}
        left = await line.give_way([group for group in groups if group.id in with_new])
        if with_new - left:
            await line.leave()
            delivered = await locked.deliver(only=with_new - left)
            _wake_the_next(read, delivered)
            return Attempt(delivered)
        await locked.see_consumer()
        await line.enter(groups)
    if not left:
        line.found_nothing({glance.stream_id: glance.signals for glance in glances})
    return Attempt({}, left_to_others=bool(left))


def _wake_the_next(read: GroupRead, delivered: DeliveredByKey) -> None:
    """Wake the other readers of a stream that gave COUNT entries: there may be more for them."""
    names = [
        StreamName(read.plate, key)
        for key, parts in delivered.items()
        if any(
            isinstance(part, DeliveredEntries) and part.entry_count == read.count for part in parts
        )
    ]
    session.after_commit(lambda: announcing.announce(names))
