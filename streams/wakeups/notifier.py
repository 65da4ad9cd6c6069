"""Announces to other processes what happened in this one, in few notifications."""

import logging
import threading
import time

from streams.domain.errors import Refusal
from streams.store import notifications, session
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
        self._lock = threading.Lock()
        self._topics: dict[Topic, None] = {}
        self._has_topics = threading.Event()
        self._thread: threading.Thread | None = None

    def tell(self, changed: list[Topic]) -> None:
        """Queue topics for the other processes; the first call starts the thread that sends."""
        with self._lock:
            self._topics.update(dict.fromkeys(changed))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                self._thread.start()
        self._has_topics.set()

    def _run(self) -> None:
        while True:
            try:
                with notifications.open_channel() as channel:
                    while True:
                        self._has_topics.wait()
                        channel.send(topics.payloads(self._sender, self._take()))
                        time.sleep(PAUSE_SECONDS)
            except (Refusal, Conflict) as error:
                log.warning("the notifier lost the database", extra={"reason": str(error)})
                time.sleep(RETRY_SECONDS)
            finally:
                session.release()

    def _take(self) -> list[Topic]:
        with self._lock:
            taken = list(self._topics)
            self._topics.clear()
            self._has_topics.clear()
        return taken
