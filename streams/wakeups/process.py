"""The one waiting room, hub and notifier of this process."""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from streams.domain.errors import Unavailable
from streams.domain.plates import StreamName
from streams.store import notifications
from streams.wakeups import topics
from streams.wakeups.clients import endings_watched
from streams.wakeups.hub import Hub
from streams.wakeups.notifier import Notifier
from streams.wakeups.room import Waiter, WaitingRoom

LISTENER_START_SECONDS = 1.0
"""How long `is_listening` waits for the listener to start."""

PROCESS = secrets.randbits(62)
"""The number of this process, random so that no other process has it."""

_room = WaitingRoom()
_key_watchers: list[Callable[[], None]] = []
_hub = Hub(_room, PROCESS, on_api_keys_changed=lambda: _tell_key_watchers())
_notifier = Notifier(PROCESS)
_shutting_down = False


class Waiting:
    """The wait of one blocked reader, which looks at the tables and sleeps in between."""

    def __init__(self, waiter: Waiter, block_ms: int) -> None:
        self._waiter = waiter
        self._deadline = time.monotonic() + block_ms / 1000
        self._is_over = False

    async def sleep(self) -> bool:
        """Sleep until one of the streams may have something new, or the time to wait is over.

        Returns whether the reader is to look again: True also at the end of its time, for one last
        look, and False from then on. It holds no connection while it sleeps. Raises Unavailable
        when the server shuts down, ReaderEnded when the client has closed its connection or when
        its API key was revoked.
        """
        if self._is_over:
            return False
        await self._sleep_until(self._deadline)
        return True

    async def sleep_at_most(self, seconds: float) -> None:
        """Sleep as `sleep` does, but for at most this time, even past the end of the wait."""
        await self._sleep_until(time.monotonic() + seconds)

    async def _sleep_until(self, wake_at: float) -> None:
        if _shutting_down:
            raise Unavailable("the server is shutting down")
        await self._waiter.sleep(wake_at - time.monotonic())
        if self._waiter.ended_by:
            raise self._waiter.ended_by
        self._is_over = time.monotonic() >= self._deadline


@contextmanager
def waiting(names: Collection[StreamName], block_ms: int) -> Iterator[Waiting]:
    """Run the body for a reader that waits for these streams, for at most `block_ms` milliseconds.

    From here on, any change of the streams wakes the reader. So if the body looks at the tables
    first and then sleeps, no wake-up is lost.
    """
    waiter = Waiter(names)
    _hub.ensure_started()
    _room.enter(waiter)
    try:
        with endings_watched(waiter.end):
            yield Waiting(waiter, block_ms)
    finally:
        _room.leave(waiter)


def announce(names: Collection[StreamName]) -> None:
    """Wake the readers of these streams, here and in every other process.

    Call it only once the change is committed.
    """
    changed = list({topics.of_stream(name) for name in names})
    if changed:
        _room.wake(changed)
        _notifier.tell(changed)


async def announce_api_keys_changed() -> None:
    """Make every process forget the API keys that it has cached.

    Returns when the notification is sent. Raises Unavailable if it cannot be sent.
    """
    _tell_key_watchers()
    async with notifications.open_channel() as channel:
        await channel.send([topics.payload(PROCESS, [topics.API_KEYS_CHANGED])])


def on_api_keys_changed(watcher: Callable[[], None]) -> None:
    """Call the watcher whenever API keys may have changed, in whichever process."""
    _key_watchers.append(watcher)
    _hub.ensure_started()


async def is_listening() -> bool:
    """Whether this process receives notifications; starts listening if it does not yet."""
    _hub.ensure_started()
    try:
        async with asyncio.timeout(LISTENER_START_SECONDS):
            return await _hub.is_listening.wait()
    except TimeoutError:
        return False


def shut_down() -> None:
    """Let every blocked reader raise Unavailable, and every reader that blocks from here on.

    The hub goes on listening for as long as it has a database.
    """
    global _shutting_down
    _shutting_down = True
    _hub.end()
    for waiter in _room.everyone():
        waiter.wake()


def _tell_key_watchers() -> None:
    for watcher in _key_watchers:
        watcher()
