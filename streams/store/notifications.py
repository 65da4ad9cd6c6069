"""LISTEN and NOTIFY: hints that a stream has something new, or that keys have changed.

One channel for the whole service. Hints may get lost; whoever relies on them looks at the tables
now and then as well.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings

from streams.domain.errors import InvalidRequest, Unavailable
from streams.store import session
from streams.store.errors import driver_errors_translated

LISTEN = "LISTEN plates"

# Held until the session ends: others tell by it whether this process lives (store.waiting).
SHOW_LIFE = "SELECT pg_advisory_lock(%(process)s)"

# Its commit does not wait for the disk: a hint need not survive a crash, for what it tells of is
# committed already. The setting ends with the transaction: behind a pooler, whoever gets the
# connection next must not inherit it.
NOTIFY = """
SELECT set_config('synchronous_commit', 'off', true),
       pg_notify('plates', %(payload)s)
"""

MAX_PAYLOAD_BYTES = 7_900
"""What PostgreSQL takes in one notification, with some room."""


class Channel:
    """An open connection to the channel."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def listen(self) -> None:
        """From here on, payloads arrive."""
        with driver_errors_translated():
            self._raw.execute(LISTEN)

    def show_life_of(self, process: int) -> None:
        """Let the process of that number count as alive for as long as this connection stands."""
        with driver_errors_translated():
            self._raw.execute(SHOW_LIFE, {"process": process})

    def payloads(self, timeout_seconds: float) -> Iterator[str]:
        """The payloads that arrive within that time, each as it comes."""
        with driver_errors_translated():
            for notification in self._raw.notifies(timeout=timeout_seconds):
                yield notification.payload

    def send(self, payloads: Iterable[str]) -> None:
        """Send each payload to every process that listens, this one included."""
        with _full_queue_translated(), driver_errors_translated():
            for payload in payloads:
                self._raw.execute(NOTIFY, {"payload": payload}, prepare=True)


@contextmanager
def _full_queue_translated() -> Iterator[None]:
    """Raise Unavailable where PostgreSQL's queue of notifications is full.

    PostgreSQL calls that a limit of the program, too, but no request is to blame for it.
    """
    try:
        yield
    except InvalidRequest as error:
        raise Unavailable("the database takes no more notifications") from error


@contextmanager
def open_channel() -> Iterator[Channel]:
    """A connection of its own, outside the pool; LISTEN_DATABASE_URL says where if it is set.

    Raises Unavailable if it cannot be made.
    """
    with driver_errors_translated():
        raw = _connect()
    try:
        yield Channel(raw)
    finally:
        raw.close()


def _connect() -> psycopg.Connection[Any]:
    if settings.LISTEN_DATABASE_URL:
        return psycopg.connect(settings.LISTEN_DATABASE_URL, autocommit=True)
    return session.connect()
