"""Prepare the database, then become the server."""

import os
import resource
import signal
import socket
import sys
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from plates_project.paths import BASE_DIR
from plates_project.stop_signals import STOP_SIGNALS, exit_if_one_came
from streams.management.announcement import announce_later
from streams.management.preparation import prepare


class Command(BaseCommand):
    """serve"""

    help = "Prepare the database, create the plate `demo` at the first start, and serve."

    def handle(self, *args: Any, **options: Any) -> None:
        _check_address()
        prepare()
        _leave_database()
        _raise_open_files_limit()
        # Nothing handles these signals until gunicorn is up; it then lets them arrive.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        exit_if_one_came()
        announce_later()
        _become_server()


def _check_address() -> None:
    """Raises CommandError if the server cannot listen on its address."""
    try:
        socket.create_server(
            (settings.HOST, settings.PORT),
            family=socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET,
        ).close()
    except OSError as error:
        address = f"{settings.URL_HOST}:{settings.PORT}"
        reason = error.strerror or error
        raise CommandError(f"HOST and PORT: cannot listen on {address}: {reason}") from error


def _leave_database() -> None:
    """Close the connections, because the pool's threads would not survive a fork."""
    connection.close()
    cast("DatabaseWrapper", connection).close_pool()


def _raise_open_files_limit() -> None:
    """Allow as many open files as the system does: every blocked reader is an open connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _become_server() -> None:
    """Replace this process by gunicorn, which keeps the lock of the embedded server, if any."""
    if "EMBEDDED_LOCK" in os.environ:
        os.set_inheritable(int(os.environ["EMBEDDED_LOCK"]), True)
    os.environ["DATA_DIR"] = str(settings.DATA_DIR)
    paths = [str(BASE_DIR), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", "--config", "python:plates_project.gunicorn"],
    )
