"""The pool of asynchronous connections to PostgreSQL, one for each event loop.

The console and the commands of `manage.py` use Django's own connections besides.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import psycopg_pool
from django.conf import settings
from django.db import connection as of_django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

NUMBERS = 2**30
"""How many numbers there are for connections, drawn at random, and for statements of each."""

RENEWAL_SECONDS = 2.0
"""How long the pools keep new connections, at least, even if the database is still read-only."""

_Pool = psycopg_pool.AsyncConnectionPool[Connection]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()
_renewed_at = float("-inf")
# The loop itself holds its tasks only weakly.
_renewals: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def connection() -> AsyncIterator[Connection]:
    """Run the body with a connection of this loop's pool; each statement commits by itself."""
    pool = _pools.get(asyncio.get_running_loop()) or await _opened()
    raw = await pool.getconn()
    try:
        yield raw
    finally:
        await pool.putconn(raw)


async def connect() -> Connection:
    """A new connection outside the pool, for the caller alone; each statement commits by itself."""
    return await psycopg.AsyncConnection.connect(**parameters())


def parameters() -> dict[str, Any]:
    """What DATABASE_URL and the settings say, as the driver takes it."""
    options = of_django.get_connection_params()
    options.pop("cursor_factory")
    return {**options, "autocommit": True}


async def drop_broken_connections() -> None:
    """Test the pool's idle connections and drop those that the database has closed."""
    if pool := _pools.get(asyncio.get_running_loop()):
        await pool.check()


def renew_connections() -> None:
    """Replace the pools' connections, unless that was done less than RENEWAL_SECONDS ago.

    A connection that was made to a standby, or while the database was read-only, may stay
    read-only for as long as it lives.
    """
    global _renewed_at
    now = time.monotonic()
    if now - _renewed_at <= RENEWAL_SECONDS:
        return
    _renewed_at = now
    pool_of_django: psycopg_pool.ConnectionPool | None = getattr(of_django, "pool", None)
    if pool_of_django and not pool_of_django.closed:
        pool_of_django.drain()
    for loop, pool in list(_pools.items()):
        loop.call_soon_threadsafe(_drain, loop, pool)


async def close() -> None:
    """Close this loop's pool, if it has one; the next statement opens another."""
    if pool := _pools.pop(asyncio.get_running_loop(), None):
        await pool.close()


async def _opened() -> _Pool:
    loop = asyncio.get_running_loop()
    pool: _Pool = psycopg_pool.AsyncConnectionPool(
        kwargs=parameters(),
        configure=_configure,
        min_size=1,
        max_size=settings.POOL_SIZE,
        timeout=settings.DATABASE_POOL_TIMEOUT_SECONDS,
        open=False,
    )
    await pool.open()
    # Others may have opened one meanwhile.
    kept = _pools.setdefault(loop, pool)
    if kept is not pool:
        await pool.close()
    return kept


def _drain(loop: asyncio.AbstractEventLoop, pool: _Pool) -> None:
    renewal = loop.create_task(pool.drain())
    _renewals.add(renewal)
    renewal.add_done_callback(_renewals.discard)


async def _configure(raw: Connection) -> None:
    _number_statements_apart(raw)


@receiver(connection_created)
def _configure_djangos(connection: BaseDatabaseWrapper, **_: object) -> None:
    _number_statements_apart(connection.connection)


def _number_statements_apart(raw: psycopg.BaseConnection[Any]) -> None:
    """Let no two connections give the same name to a prepared statement.

    The driver numbers the statements of each connection from 0. On a server connection that a
    pooler shares, one client would then execute what another has prepared. With names of its own it
    finds no such statement, and fails.
    """
    prepared = raw._prepared  # noqa: SLF001
    # Django's pool gives a connection more than once.
    if prepared._prepared_idx < NUMBERS:  # noqa: SLF001
        prepared._prepared_idx = secrets.randbelow(NUMBERS) * NUMBERS + NUMBERS  # noqa: SLF001
