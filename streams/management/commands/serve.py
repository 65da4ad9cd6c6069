"""Serve: prepare what is needed, then become the server."""

import os
import resource
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from plates_project.gunicorn import STOP_SIGNALS
from plates_project.paths import BASE_DIR
from streams.management.preparation import prepare
from streams.plates import MintedKey


class Command(BaseCommand):
    """serve"""

    help = "Prepare the database, create the plate `demo` at the first start, and serve."

    def handle(self, *args: Any, **options: Any) -> None:
        first_key = prepare()
        if first_key:
            self.stdout.write(_welcome(first_key))
        self.stdout.flush()
        connection.close()
        _raise_open_files_limit()
        _become_server()


def _welcome(key: MintedKey) -> str:
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.URL_HOST
    plate = key.row.plate.name
    return (
        "First start: a plate was created for you. Its key is shown only this once.\n\n"
        f"  plate    {plate}\n"
        f"  API key  {key.text}\n\n"
        f"  curl http://{host}:{settings.PORT}/{plate}/streams/add"
        f" -H 'Authorization: {key.text}' -H 'Content-Type: application/json'"
        """ -d '{"key": "events", "values": {"type": "signup", "user_id": 123}}'\n"""
    )


def _raise_open_files_limit() -> None:
    """As many as the system allows: every blocked reader is an open connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _become_server() -> None:
    """Replace this process; the embedded server's lock, if it holds one, stays with it."""
    if "EMBEDDED_LOCK" in os.environ:
        os.set_inheritable(int(os.environ["EMBEDDED_LOCK"]), True)
    os.environ["DATA_DIR"] = str(settings.DATA_DIR)
    paths = [str(BASE_DIR), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    # Nobody handles them until gunicorn is up; then they arrive.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", "--config", "python:plates_project.gunicorn"],
    )
