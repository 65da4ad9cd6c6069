"""LISTEN and NOTIFY: hints that a stream has something new, or that keys have changed.

One channel serves the whole service. Hints may get lost, so a listener must also check the tables
now and then.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager

import psycopg
from django.conf import settings

from streams.domain.errors import InvalidRequest, Unavailable
from streams.store import pool
from streams.store.errors import driver_errors_translated

# Subscribes the session to the channel. Locks nothing.
LISTEN = "LISTEN plates"

# Locks the number of this process until the session ends: by that, others see that this process
# lives (`store.waiting`).
SHOW_LIFE = "SELECT pg_advisory_lock(%(process)s)"

# Sends one notification. Its commit takes a lock on the whole database, but does not wait for the
# disk: a hint need not survive a crash, because the change that it announces is committed already.
# The setting ends with the transaction, so behind a pooler the next user of the connection does not
# inherit it.
NOTIFY = """
SELECT set_config('synchronous_commit', 'off', true),
       pg_notify('plates', %(payload)s)
"""

MAX_PAYLOAD_BYTES = 7_900
"""How long a payload may be: a little less than what PostgreSQL accepts."""


class Channel:
    """An open connection to the channel."""

    def __init__(self, raw: pool.Connection) -> None:
        self._raw = raw

    async def listen(self) -> None:
        """Subscribe: `payloads` gives what is sent from here on."""
        with driver_errors_translated():
            await self._raw.execute(LISTEN)

    async def show_life_of(self, process: int) -> None:
        """Let the process with that number count as alive while this connection is open."""
        with driver_errors_translated():
            await self._raw.execute(SHOW_LIFE, {"process": process})

    async def payloads(self, timeout_seconds: float) -> AsyncGenerator[str, None]:
        """The payloads that arrive within that time, each as soon as it arrives."""
        with driver_errors_translated():
            async with aclosing(self._raw.notifies(timeout=timeout_seconds)) as notifications:
                async for notification in notifications:
                    yield notification.payload

    async def send(self, payloads: Iterable[str]) -> None:
        """Send each payload to every process that listens, this one included."""
        with _full_queue_translated(), driver_errors_translated():
            for payload in payloads:
                await self._raw.execute(NOTIFY, {"payload": payload}, prepare=True)


@contextmanager
def _full_queue_translated() -> Iterator[None]:
    """Raise Unavailable where PostgreSQL's queue of notifications is full.

    PostgreSQL reports that as a program limit, too, but it is not the fault of a request.
    """
    try:
        yield
    except InvalidRequest as error:
        raise Unavailable("the database takes no more notifications") from error


@asynccontextmanager
async def open_channel() -> AsyncIterator[Channel]:
    """Open a connection outside the pool, to LISTEN_DATABASE_URL if that is set.

    Raises Unavailable if it cannot be made.
    """
    with driver_errors_translated():
        raw = await _connect()
    try:
        yield Channel(raw)
    finally:
        await raw.close()


async def _connect() -> pool.Connection:
    if settings.LISTEN_DATABASE_URL:
        return await psycopg.AsyncConnection.connect(settings.LISTEN_DATABASE_URL, autocommit=True)
    return await pool.connect()
