"""What the driver says, as the rest of the program hears it."""

import pytest
from django.db import connection

from streams.domain.errors import Unavailable
from streams.store import pool, session
from tests.loop import run

pytestmark = pytest.mark.django_db

ASK_FOR_NAMES = "SELECT name FROM pg_prepared_statements"


def test_a_prepared_statement_that_is_not_there_makes_the_database_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not keep prepared statements"):
        run(session.execute("EXECUTE nothing_of_that_name"))


def test_a_prepared_statement_that_is_there_already_does_so_too() -> None:
    with pytest.raises(Unavailable, match="does not keep prepared statements"):
        run(prepare_twice())


async def prepare_twice() -> None:
    """On one connection, whose transaction fails."""
    async with session.transaction():
        for _ in range(2):
            await session.execute("PREPARE twice AS SELECT 1")


def test_no_two_connections_of_the_api_name_their_statements_alike() -> None:
    first, second = run(names_on_two_connections())
    assert len(first) == len(second) == 2
    assert not first & second


async def names_on_two_connections() -> tuple[set[str], set[str]]:
    """The names of what fresh connections prepare: a statement, and the question itself."""
    # Those of the pool may have prepared something before.
    await pool.close()
    async with pool.connection() as first, pool.connection() as second:
        return await names_on(first), await names_on(second)


async def names_on(raw: pool.Connection) -> set[str]:
    await raw.execute("SELECT 1", prepare=True)
    cursor = await raw.execute(ASK_FOR_NAMES, prepare=True)
    return {row[0] for row in await cursor.fetchall()}


def test_no_two_connections_of_the_console_do_so() -> None:
    first, second = names_on_another_connection(), names_on_another_connection()
    assert len(first) == len(second) == 2
    assert not first & second


def names_on_another_connection() -> set[str]:
    """The same on a fresh connection of Django's."""
    other = connection.copy()
    # One from the pool may have prepared something before.
    del other.settings_dict["OPTIONS"]["pool"]
    other.ensure_connection()
    raw = other.connection
    raw.execute("SELECT 1", prepare=True)
    rows = raw.execute(ASK_FOR_NAMES, prepare=True).fetchall()
    raw.close()
    other.close()
    return {row[0] for row in rows}
