"""A lock, so that only one process at a time migrates the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from streams.store import pool
from streams.store.errors import driver_errors_translated

LOCK = 0x706C61746573
"""The number of the lock: any that nothing else in the database uses."""

# Gives nothing of use. Locks the number, and waits until no other session holds it. The lock ends
# with the transaction, so it also works behind a pooler.
LOCK_DATABASE = "SELECT pg_advisory_xact_lock(%(lock)s)"


@contextmanager
def alone() -> Iterator[None]:
    """Run the body while no other process migrates the database.

    The lock has a connection of its own, so that the body may use any number of transactions.
    Raises Unavailable if the database cannot be reached.
    """
    with (
        driver_errors_translated(),
        psycopg.connect(**pool.parameters()) as guard,
        guard.transaction(),
    ):
        guard.execute(LOCK_DATABASE, {"lock": LOCK})
        yield
