"""Announces to other processes what happened in this one, in few notifications."""

import asyncio
import logging
from contextvars import Context

from streams.domain.errors import Refusal
from streams.store import notifications
from streams.store.errors import Conflict
from streams.wakeups import topics
from streams.wakeups.topics import Topic

PAUSE_SECONDS = 0.005
"""How long the notifier collects topics after each send, so that one notification holds many."""

RETRY_SECONDS = 1.0
"""How long the notifier waits after an error. Hints that it could not send are lost."""

log = logging.getLogger(__name__)


class Notifier:
    """Sends topics. Those that are queued during one send go into the next notification."""

    def __init__(self, sender: int) -> None:
        self._sender = sender
        self._topics: dict[Topic, None] = {}
        self._has_topics = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def tell(self, changed: list[Topic]) -> None:
        """Queue topics for the other processes; the first call starts the task that sends."""
        self._topics.update(dict.fromkeys(changed))
        self._has_topics.set()
        if self._task is None or self._task.done():
            # A context of its own: the notifier outlives the request that starts it.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def _run(self) -> None:
        while True:
            try:
                async with notifications.open_channel() as channel:
                    await self._send_through(channel)
            except (Refusal, Conflict) as error:
                log.warning("the notifier lost the database", extra={"reason": str(error)})
                await asyncio.sleep(RETRY_SECONDS)

    async def _send_through(self, channel: notifications.Channel) -> None:
        while True:
            await self._has_topics.wait()
            self._has_topics.clear()
            taken, self._topics = list(self._topics), {}
            await channel.send(topics.payloads(self._sender, taken))
            await asyncio.sleep(PAUSE_SECONDS)
