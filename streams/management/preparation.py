"""Makes a database ready for the service."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from streams.commands.plates import PlateExists, create_plate
from streams.domain.errors import Unavailable
from streams.models import Plate
from streams.store import readiness, session

FIRST_PLATE = "demo"

# Any number that nothing else in the database locks.
_LOCK = 0x706C61746573


def prepare() -> None:
    """Bring the tables up to date; at the first start, create a plate, without keys.

    Of many processes that start at the same time, one does it, and the others wait. Raises
    CommandError if the database cannot serve, as where a pooler mixes up its clients' statements.
    """
    with outages_told():
        readiness.check_prepared_statements()
        _prepare()


@contextmanager
def outages_told() -> Iterator[None]:
    """Turn "the database cannot serve", or may not, into the command line's error message."""
    try:
        with session.driver_errors_translated():
            yield
    except Unavailable as error:
        raise CommandError(f"DATABASE_URL: {error.text}") from error
    except DatabaseError as error:
        reason = session.outage_in(error) or session.missing_privilege_in(error)
        if reason is None:
            raise
        raise CommandError(f"DATABASE_URL: {reason}") from error


def _prepare() -> None:
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
    with session.connect() as guard, guard.transaction():
        guard.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield
