"""Removes connections that no longer work from Django's pool."""

import time

import psycopg_pool
from django.db import connection

RENEWAL_SECONDS = 2.0
"""How long the pool keeps new connections, at least, even if the database is still read-only."""

_renewed_at = float("-inf")


def drop_broken_connections() -> None:
    """Test the pool's idle connections and drop those that the database has closed."""
    if pool := _open_pool():
        pool.check()


def renew_connections() -> None:
    """Replace the pool's connections, unless that was done less than RENEWAL_SECONDS ago.

    A connection that was made to a standby, or while the database was read-only, may stay
    read-only for as long as it lives.
    """
    global _renewed_at
    pool, now = _open_pool(), time.monotonic()
    if pool and now - _renewed_at > RENEWAL_SECONDS:
        _renewed_at = now
        pool.drain()


def _open_pool() -> psycopg_pool.ConnectionPool | None:
    pool: psycopg_pool.ConnectionPool | None = getattr(connection, "pool", None)
    return pool if pool and not pool.closed else None
