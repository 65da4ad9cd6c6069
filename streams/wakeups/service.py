"""The one waiting room, hub and notifier of this process."""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from streams.domain.errors import Unavailable
from streams.domain.plates import StreamName
from streams.store import notifications, session
from streams.wakeups.clients import current_client
from streams.wakeups.hub import Hub
from streams.wakeups.notifier import Notifier
from streams.wakeups.waiting import Waiter, WaitingRoom, signature

Result = TypeVar("Result")

LISTENER_START_SECONDS = 1.0
"""How long a look at the listener gives it to start."""

_KEYS_CHANGED = "keys"

PROCESS = secrets.randbits(62)
"""The number of this process, which no other one has."""

_me = str(PROCESS)
_room = WaitingRoom()
_key_watchers: list[Callable[[], None]] = []
_hub = Hub(_room, PROCESS, lambda word: _tell_key_watchers())
_notifier = Notifier(_me)
_shutting_down = False


class ClientHasLeft(Exception):
    """The client closed its connection while it waited: nobody is there to be answered."""


class NotYet(Exception):
    """Raised by an attempt that is to be repeated within `seconds`, woken or not.

    Even if the time to wait is over by then: there was something, and others may leave it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def wait(
    names: Sequence[StreamName],
    attempt: Callable[[], Result | None],
    *,
    block_ms: int,
    worth_it: Callable[[], bool] = lambda: True,
) -> Result | None:
    """Try until there is a result, asleep in between; None after `block_ms` milliseconds.

    `attempt` runs at once, again whenever one of the streams may have something new, and a last
    time at the end, if a cheap look says that it is `worth_it`. While it sleeps, the caller holds
    no connection.

    Raises what the first attempt raises, Unavailable when the server shuts down, and
    ClientHasLeft when the client is gone.
    """
    deadline = time.monotonic() + block_ms / 1000
    waiter = Waiter(names, current_client())
    _hub.ensure_started()
    _hub.watch(waiter)
    _room.enter(waiter)
    try:
        result, wake_at = _tried(attempt, deadline)
        while result is None:
            session.release()
            if _shutting_down:
                raise Unavailable("the server is shutting down")
            waiter.sleep(wake_at - time.monotonic())
            _refuse_the_left(waiter)
            is_over = time.monotonic() >= deadline
            result, wake_at = _tried_again(attempt, worth_it, deadline)
            if result is None and is_over and wake_at == deadline:
                return None
        return result
    finally:
        _room.leave(waiter)
        _hub.forget(waiter)


def announce(names: Collection[StreamName]) -> None:
    """Wake the readers of these streams, here and in every other process.

    To be called once the change is committed.
    """
    signatures = list({signature(name) for name in names})
    if signatures:
        _room.wake(signatures)
        _notifier.tell(signatures)


def announce_keys_changed() -> None:
    """Have every process forget the API keys that it knows.

    Returns when the word is out. Raises Unavailable.
    """
    _tell_key_watchers()
    with notifications.open_channel() as channel:
        channel.send([f"{_me} {_KEYS_CHANGED}"])


def on_keys_changed(watcher: Callable[[], None]) -> None:
    """Call the watcher whenever API keys may have changed, in whichever process."""
    _key_watchers.append(watcher)
    _hub.ensure_started()


def is_listening() -> bool:
    """Whether this process hears of changes made in others; starts listening if need be."""
    _hub.ensure_started()
    return _hub.is_listening.wait(LISTENER_START_SECONDS)


def shut_down() -> None:
    """Have all blocked readers answered with Unavailable, now and from here on.

    The listener listens on, for as long as it can.
    """
    global _shutting_down
    _shutting_down = True
    _hub.end()
    for waiter in _room.everyone():
        waiter.wake()


def _refuse_the_left(waiter: Waiter) -> None:
    if waiter.client_has_left or (waiter.client and waiter.client.has_left()):
        raise ClientHasLeft


def _tried(attempt: Callable[[], Result | None], deadline: float) -> tuple[Result | None, float]:
    """The result, if there is one, and when to end the sleep if there is none."""
    try:
        return attempt(), deadline
    except NotYet as later:
        return None, time.monotonic() + later.seconds


def _tried_again(
    attempt: Callable[[], Result | None], worth_it: Callable[[], bool], deadline: float
) -> tuple[Result | None, float]:
    try:
        return _tried(attempt, deadline) if worth_it() else (None, deadline)
    except Unavailable:
        # The database went away: the reader sleeps on, and is woken when it is back.
        return None, deadline


def _tell_key_watchers() -> None:
    for watcher in _key_watchers:
        watcher()
