"""Whether the database can serve: it takes writes, and keeps prepared statements."""

import asyncio
import time

from streams.domain.errors import Unavailable
from streams.store import pool, session
from streams.store.errors import STATEMENTS_LOST, driver_errors_translated

# Deletes nothing and locks no row, but PostgreSQL refuses it where nothing may be deleted.
DELETE_NOTHING = "DELETE FROM plate WHERE false"

KEPT_SECONDS = 5.0
"""How long one check of prepared statements counts: each opens two connections."""

# Two connections each prepare a statement under the same name, and execute it again. In this order
# they meet on one server connection if a pooler shares it, whichever idle one it gives first.
_ORDER = (0, 1, 1, 0)
_STATEMENTS = ("SELECT 1", "SELECT 2")
_ANSWERS = (1, 2)

_lock = asyncio.Lock()
_kept_at = float("-inf")


async def check_answer() -> None:
    """Raises Unavailable unless the database answers."""
    await session.fetch_one("SELECT 1")


async def check_writing() -> None:
    """Raises Unavailable unless the database takes writes. The tables must be there."""
    await session.execute(DELETE_NOTHING)


async def check_prepared_statements() -> None:
    """Raises Unavailable if a connection may lose what it has prepared, or find another's.

    That happens behind a pooler that gives a connection to another client after each transaction
    and does not know about prepared statements. If the settings switch these off, nothing is lost.
    """
    global _kept_at
    async with _lock:
        if time.monotonic() - _kept_at > KEPT_SECONDS:
            await _prepare_on_two_connections()
            _kept_at = time.monotonic()


async def _prepare_on_two_connections() -> None:
    with driver_errors_translated():
        async with await pool.connect() as first, await pool.connect() as second:
            for index in _ORDER:
                cursor = await (first, second)[index].execute(_STATEMENTS[index], prepare=True)
                if await cursor.fetchone() != (_ANSWERS[index],):
                    raise Unavailable(STATEMENTS_LOST)
