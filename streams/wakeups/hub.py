"""Wakes readers when something happened in another process, or when a hint got lost."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from contextvars import Context

from streams.domain.errors import Refusal
from streams.domain.plates import StreamName
from streams.store import notifications, pool, streams, waiting
from streams.store.errors import Conflict
from streams.wakeups import topics
from streams.wakeups.room import WaitingRoom

CHECK_SECONDS = 1.0
"""How often the hub checks the tables, for lost hints."""

FIRST_RETRY_SECONDS = 0.05
LONGEST_RETRY_SECONDS = 2.0
"""How long the hub pauses before it connects again: each time twice as long, up to the longest."""

log = logging.getLogger(__name__)


class Hub:
    """One connection that listens, for all the waiters of this process.

    While this connection is open, other processes see that this one lives: only then do readers
    elsewhere give way to the places of its waiters.

    The hub calls `on_api_keys_changed` when API keys have changed, and whenever it connects,
    because they may have changed before. It ignores the notifications of its own process, which
    has woken its waiters already.
    """

    def __init__(
        self, room: WaitingRoom, process: int, *, on_api_keys_changed: Callable[[], None]
    ) -> None:
        self._room = room
        self._process = process
        self._on_api_keys_changed = on_api_keys_changed
        self._signals: dict[StreamName, tuple[int, int] | None] = {}
        # Whether to remove the places of processes that have ended without leaving the lines.
        self._must_tidy_up = False
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False
        self.is_listening = asyncio.Event()

    def ensure_started(self) -> None:
        """Start listening, unless an earlier call did."""
        if self._task is None or self._task.done():
            # A context of its own: the hub outlives the request that starts it.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    def end(self) -> None:
        """Expect the database to stop: the hub ends with it, without a warning in the log."""
        self._is_ending = True

    async def _run(self) -> None:
        pause = FIRST_RETRY_SECONDS
        while True:
            try:
                async with notifications.open_channel() as channel:
                    await channel.listen()
                    await channel.show_life_of(self._process)
                    pause = FIRST_RETRY_SECONDS
                    await self._listen(channel)
            except Exception as error:  # noqa: BLE001 - whatever it is, readers need a listener
                self.is_listening.clear()
                if self._is_ending:
                    return
                _report(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)

    async def _listen(self, channel: notifications.Channel) -> None:
        await pool.drop_broken_connections()
        self._must_tidy_up = True
        self.is_listening.set()
        # This process did not hear of changes from before LISTEN took effect.
        for waiter in self._room.everyone():
            waiter.wake()
        self._on_api_keys_changed()
        next_check = time.monotonic() + CHECK_SECONDS
        while True:
            async with aclosing(channel.payloads(next_check - time.monotonic())) as payloads:
                async for payload in payloads:
                    self._hear(payload)
            await self._wake_for_lost_hints()
            next_check = time.monotonic() + CHECK_SECONDS

    def _hear(self, payload: str) -> None:
        sender, changed = topics.read(payload)
        if sender == str(self._process):
            return
        self._room.wake(changed)
        if topics.API_KEYS_CHANGED in changed:
            self._on_api_keys_changed()

    async def _wake_for_lost_hints(self) -> None:
        """Wake the readers whose streams have changed since the last check: one query for all."""
        names = self._room.names()
        if not names:
            self._signals = {}
            return
        if self._must_tidy_up:
            await waiting.forget_the_gone()
            self._must_tidy_up = False
        found = await streams.signals(names)
        seen, self._signals = self._signals, {name: found.get(name) for name in names}
        # A stream that was not in the last check may have changed since, and its hint got lost.
        self._room.wake(
            topics.of_stream(name)
            for name, signals in self._signals.items()
            if name not in seen or seen[name] != signals
        )


def _report(error: Exception) -> None:
    if isinstance(error, (Refusal, Conflict)):
        log.warning("the wake-up listener lost the database", extra={"reason": str(error)})
    else:
        log.error("the wake-up listener failed", exc_info=error)
