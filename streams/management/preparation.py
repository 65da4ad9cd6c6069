"""Makes a database ready for the service."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from django.core.management import call_command
from django.db import connection

from streams.models import Plate
from streams.plates import PlateExists, create_plate

FIRST_PLATE = "demo"

# Any number that nothing else in the database locks.
_LOCK = 0x706C61746573


def prepare() -> None:
    """Bring the tables up to date; at the first start, create a plate, without keys.

    Of many processes that start at the same time, one does it, and the others wait.
    """
    with _alone():
        call_command("migrate", interactive=False, verbosity=0)
        with suppress(PlateExists):
            create_plate(FIRST_PLATE)


def prepare_empty_database() -> None:
    """Create the tables if there are none. Tables of an older version are left as they are."""
    if Plate._meta.db_table in connection.introspection.table_names():
        return
    with _alone():
        call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes out, with a lock that ends with its transaction (poolers respect it)."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory")
    with psycopg.connect(**parameters) as guard:
        guard.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield
