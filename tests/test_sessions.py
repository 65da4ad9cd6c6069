"""What the driver says, as the rest of the program hears it."""

import pytest
from django.db import connection

from streams.domain.errors import Unavailable
from streams.store import session

pytestmark = pytest.mark.django_db


def test_a_prepared_statement_that_is_not_there_makes_the_database_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not keep prepared statements"):
        session.execute("EXECUTE nothing_of_that_name")


def test_a_prepared_statement_that_is_there_already_does_so_too() -> None:
    session.execute("PREPARE twice AS SELECT 1")
    with pytest.raises(Unavailable, match="does not keep prepared statements"):
        session.execute("PREPARE twice AS SELECT 1")


def test_no_two_connections_name_their_statements_alike() -> None:
    first, second = names_on_another_connection(), names_on_another_connection()
    assert len(first) == len(second) == 2
    assert not first & second


def names_on_another_connection() -> set[str]:
    """The names of what a fresh connection prepares: a statement, and the question itself."""
    other = connection.copy()
    # One from the pool may have prepared something before.
    del other.settings_dict["OPTIONS"]["pool"]
    other.ensure_connection()
    raw = other.connection
    raw.execute("SELECT 1", prepare=True)
    rows = raw.execute("SELECT name FROM pg_prepared_statements", prepare=True).fetchall()
    raw.close()
    other.close()
    return {row[0] for row in rows}
