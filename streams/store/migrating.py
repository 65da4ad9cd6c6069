"""Migrations are for one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.store import session
from streams.store.errors import driver_errors_translated

LOCK = 0x706C61746573
"""Any number that nothing else in the database locks."""

# Waits until no other session holds the lock. It ends with the transaction, so it also works behind
# a pooler.
LOCK_DATABASE = "SELECT pg_advisory_xact_lock(%(lock)s)"


@contextmanager
def alone() -> Iterator[None]:
    """Run the body while no other process migrates the database.

    The lock has a connection of its own, so that the body may use any number of transactions.
    Raises Unavailable.
    """
    with driver_errors_translated(), session.connect() as guard, guard.transaction():
        guard.execute(LOCK_DATABASE, {"lock": LOCK})
        yield
