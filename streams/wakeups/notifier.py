"""Tells the other processes what happened here, in few notifications."""

import threading
import time
from collections.abc import Iterator

from streams.domain.errors import Unavailable
from streams.store import notifications, session

PAUSE_SECONDS = 0.005
"""How long the notifier gathers after each send: under load, one notification tells of many."""

RETRY_SECONDS = 1.0
"""How long it drops hints after the database refused one; readers look for themselves then."""


class Notifier:
    """Sends words: what is queued while one notification is sent travels in the next."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self._lock = threading.Lock()
        self._words: dict[str, None] = {}
        self._has_words = threading.Event()
        self._thread: threading.Thread | None = None

    def tell(self, words: list[str]) -> None:
        """Queue words for the other processes; starts the sending at the first call."""
        with self._lock:
            self._words.update(dict.fromkeys(words))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                self._thread.start()
        self._has_words.set()

    def _run(self) -> None:
        while True:
            try:
                with notifications.open_channel() as channel:
                    while True:
                        self._has_words.wait()
                        channel.send(self._take_payloads())
                        time.sleep(PAUSE_SECONDS)
            except Unavailable:
                time.sleep(RETRY_SECONDS)
            finally:
                session.release()

    def _take_payloads(self) -> Iterator[str]:
        with self._lock:
            words = list(self._words)
            self._words.clear()
            self._has_words.clear()
        payload = self._sender
        for word in words:
            if len(payload) + 1 + len(word) > notifications.MAX_PAYLOAD_BYTES:
                yield payload
                payload = self._sender
            payload += " " + word
        yield payload
