"""Makes a database ready for the service."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import django.db
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.db import connection

from streams.commands.plates import PlateExists, create_plate
from streams.domain.errors import Unavailable
from streams.models import Plate
from streams.store import migrating, readiness
from streams.store.errors import Conflict, missing_privilege_in, outage_in

FIRST_PLATE = "demo"


def prepare() -> None:
    """Bring the tables up to date; at the first start, create a plate without keys.

    If many processes start at the same time, one does this, and the others wait. Raises
    CommandError if the database cannot serve, or is behind a pooler that does not keep prepared
    statements.
    """
    with outages_as_command_errors():
        async_to_sync(readiness.check_prepared_statements)()
        _prepare()


@contextmanager
def outages_as_command_errors() -> Iterator[None]:
    """Raise CommandError where the database cannot serve, or does not allow what is needed."""
    try:
        yield
    except Unavailable as error:
        raise CommandError(f"DATABASE_URL: {error.text}") from error
    except (Conflict, django.db.Error) as error:
        reason = outage_in(error) or missing_privilege_in(error)
        if reason is None:
            raise
        raise CommandError(f"DATABASE_URL: {reason}") from error


def _prepare() -> None:
    with migrating.alone():
        call_command("migrate", interactive=False, verbosity=0)
        with suppress(PlateExists):
            create_plate(FIRST_PLATE)


def prepare_empty_database() -> None:
    """Create the tables if there are none. Tables of an older version are left as they are."""
    if Plate._meta.db_table in connection.introspection.table_names():
        return
    with migrating.alone():
        call_command("migrate", interactive=False, verbosity=0)
