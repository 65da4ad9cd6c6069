"""The waiting room: which readers of this process sleep, and which streams they wait for."""

import asyncio
from collections.abc import Collection, Iterable

from streams.domain.plates import StreamName
from streams.wakeups import topics
from streams.wakeups.clients import ReaderEnded
from streams.wakeups.topics import Topic


class Waiter:
    """A reader that sleeps until one of its streams may have something for it."""

    __slots__ = ("_is_woken", "_sleep", "ended_by", "names")

    def __init__(self, names: Collection[StreamName]) -> None:
        self.names = names
        # Why the reader must not wait any longer; None: it may.
        self.ended_by: type[ReaderEnded] | None = None
        self._is_woken = False
        # The sleep under way; None: the reader is awake.
        self._sleep: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> bool:
        """Sleep until woken, for at most this time; returns whether it was woken."""
        if not self._is_woken:
            loop = asyncio.get_running_loop()
            self._sleep = loop.create_future()
            alarm = loop.call_later(max(seconds, 0), self._end_sleep)
            try:
                await self._sleep
            finally:
                alarm.cancel()
                self._sleep = None
        was_woken, self._is_woken = self._is_woken, False
        return was_woken

    def wake(self) -> None:
        """End the current sleep, or the next one if the reader is awake, so no wake-up is lost."""
        self._is_woken = True
        self._end_sleep()

    def end(self, reason: type[ReaderEnded]) -> None:
        """Note that the reader must not wait any longer, and wake it."""
        self.ended_by = reason
        self.wake()

    def _end_sleep(self) -> None:
        if self._sleep and not self._sleep.done():
            self._sleep.set_result(None)


class WaitingRoom:
    """All waiters of a process, by the streams that they wait for, in order of arrival."""

    def __init__(self) -> None:
        self._waiters: dict[Topic, dict[Waiter, None]] = {}
        self._names: dict[Topic, StreamName] = {}

    def enter(self, waiter: Waiter) -> None:
        """From here on, `wake` wakes the waiter."""
        for name in waiter.names:
            topic = topics.of_stream(name)
            self._waiters.setdefault(topic, {})[waiter] = None
            self._names[topic] = name

    def leave(self, waiter: Waiter) -> None:
        """From here on, `wake` no longer wakes the waiter."""
        for name in waiter.names:
            topic = topics.of_stream(name)
            waiters = self._waiters.get(topic, {})
            waiters.pop(waiter, None)
            if not waiters:
                self._waiters.pop(topic, None)
                self._names.pop(topic, None)

    def wake(self, changed: Iterable[Topic]) -> None:
        """Wake the waiters of these streams, in order of arrival."""
        for topic in changed:
            for waiter in self._waiters.get(topic, ()):
                waiter.wake()

    def everyone(self) -> list[Waiter]:
        """All the waiters."""
        return list({w: None for waiters in self._waiters.values() for w in waiters})

    def names(self) -> list[StreamName]:
        """All the streams that have a waiter."""
        return list(self._names.values())
