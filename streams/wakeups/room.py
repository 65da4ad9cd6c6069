"""The waiting room: which readers of this process sleep, and which streams they wait for."""

import threading
from collections.abc import Collection, Iterable
from contextlib import suppress

from streams.domain.plates import StreamName
from streams.wakeups import topics
from streams.wakeups.clients import Client
from streams.wakeups.topics import Topic


class Waiter:
    """A reader that sleeps until one of its streams may have something for it."""

    __slots__ = ("_gate", "client", "client_has_left", "names")

    def __init__(self, names: Collection[StreamName], client: Client | None) -> None:
        self.names = names
        self.client = client
        self.client_has_left = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def sleep(self, seconds: float) -> bool:
        """Sleep until woken, for at most this time; returns whether it was woken."""
        return self._gate.acquire(timeout=max(seconds, 0))

    def wake(self) -> None:
        """End the current sleep, or the next one if the reader is awake, so no wake-up is lost."""
        with suppress(RuntimeError):  # It is awake already.
            self._gate.release()


class WaitingRoom:
    """All waiters of a process, by the streams that they wait for, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[Topic, dict[Waiter, None]] = {}
        self._names: dict[Topic, StreamName] = {}

    def enter(self, waiter: Waiter) -> None:
        """From here on, `wake` wakes the waiter."""
        with self._lock:
            for name in waiter.names:
                topic = topics.of_stream(name)
                self._waiters.setdefault(topic, {})[waiter] = None
                self._names[topic] = name

    def leave(self, waiter: Waiter) -> None:
        """From here on, `wake` no longer wakes the waiter."""
        with self._lock:
            for name in waiter.names:
                topic = topics.of_stream(name)
                waiters = self._waiters.get(topic, {})
                waiters.pop(waiter, None)
                if not waiters:
                    self._waiters.pop(topic, None)
                    self._names.pop(topic, None)

    def wake(self, changed: Iterable[Topic]) -> None:
        """Wake the waiters of these streams, in order of arrival."""
        with self._lock:
            woken = [waiter for topic in changed for waiter in self._waiters.get(topic, ())]
        for waiter in woken:
            waiter.wake()

    def everyone(self) -> list[Waiter]:
        """All the waiters."""
        with self._lock:
            return list({w: None for waiters in self._waiters.values() for w in waiters})

    def names(self) -> list[StreamName]:
        """All the streams that have a waiter."""
        with self._lock:
            return list(self._names.values())
