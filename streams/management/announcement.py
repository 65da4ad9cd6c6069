"""Announces that the service serves: with a banner on a terminal; else the log may have a hint.

The first API key is created only now, and only to be shown on a terminal. So a start that fails
loses no key, and no key gets into a log.
"""

import logging
import multiprocessing
import os
import shlex
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction

from plates_project import paths, ready_pipe
from streams.commands.plates import MintedKey, mint_key
from streams.domain.scopes import Scope
from streams.management.preparation import FIRST_PLATE
from streams.models import ApiKey, Plate

log = logging.getLogger(__name__)


def announce_later() -> None:
    """Start a process that announces the service once it serves, and ends.

    The caller becomes the server right afterwards. The new process waits at a pipe that it shares
    with the server. It must not receive the signals to stop: it ends when the server ends.
    """
    listener = ready_pipe.open_pipe()
    # A fork announces, because the server must neither import what this needs nor wait for it.
    fork = multiprocessing.get_context("fork")
    fork.Process(target=_announce_when_ready, args=(listener,), daemon=True).start()
    os.close(listener)


def _announce_when_ready(listener: int) -> None:
    if "EMBEDDED_LOCK" in os.environ:
        # Only the server may hold the lock: each holder counts as a user of the embedded database.
        os.close(int(os.environ["EMBEDDED_LOCK"]))
    if not ready_pipe.hear_ready(listener):
        return
    try:
        announce()
    except DatabaseError as error:
        log.warning("could not check for a first API key", extra={"reason": str(error).strip()})


def announce() -> None:
    """Show the banner on a terminal; elsewhere warn if the first plate has no API key."""
    if sys.stdout.isatty():
        sys.stdout.write(_banner(mint_first_key()))
        sys.stdout.flush()
    elif not ApiKey.objects.filter(plate__name=FIRST_PLATE).exists():
        command = manage("createkey", FIRST_PLATE, "--scope", Scope.MANAGE)
        log.warning(f"plate {FIRST_PLATE} has no API key yet; this makes one: {command}")


@transaction.atomic
def mint_first_key() -> MintedKey | None:
    """Create a key of scope manage for the first plate, if the plate has never had a key."""
    # The lock lets only one of several servers that start together create a key.
    plate = Plate.objects.select_for_update().get(name=FIRST_PLATE)
    if plate.api_keys.exists():
        return None
    return mint_key(plate, Scope.MANAGE, name="first start")


def manage(*words: str) -> str:
    """A management command for a shell in the current directory."""
    command = shlex.join([_here(sys.executable), _here(paths.BASE_DIR / "manage.py"), *words])
    if "EMBEDDED_LOCK" not in os.environ:
        # The URL is not shown, because it may hold a password.
        return f"{command}  # with the same DATABASE_URL"
    if settings.DATA_DIR == paths.DEFAULT_DATA_DIRECTORY:
        return command
    return f"DATA_DIR={shlex.quote(str(settings.DATA_DIR))} {command}"


def _banner(first_key: MintedKey | None) -> str:
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.URL_HOST
    url = f"http://{host}:{settings.PORT}"
    lines = [
        ("plate", FIRST_PLATE),
        *(_of_first_key(url, first_key) if first_key else _of_another_key()),
        ("console", f"{url}/admin/"),
        *_of_first_administrator(),
        ("docs", "README.md, docs/http-api.md, docs/operations.md"),
    ]
    told = "".join(f"  {name:9} {text}\n" for name, text in lines)
    return f"\nPlates serves on {url}; Ctrl-C stops it.\n\n{told}\n"


def _of_first_key(url: str, key: MintedKey) -> list[tuple[str, str]]:
    add = (
        f"curl {url}/{FIRST_PLATE}/streams/add"
        f" -H 'Authorization: {key.text}' -H 'Content-Type: application/json'"
        """ -d '{"key": "events", "values": {"type": "signup", "user_id": 123}}'"""
    )
    scope = key.row.scope
    return [("API key", f"{key.text} (scope {scope}; shown only this once)"), ("try it", add)]


def _of_another_key() -> list[tuple[str, str]]:
    return [("API key", f"the one you have; another: {manage('createkey', FIRST_PLATE)}")]


def _of_first_administrator() -> list[tuple[str, str]]:
    if get_user_model().objects.filter(is_superuser=True).exists():
        return []
    who = ("--username", "admin", "--email", "admin@example.com")
    return [("", f"its first administrator: {manage('createsuperuser', *who)}")]


def _here(path: Path | str) -> str:
    """The path, relative to the current directory if it is below that."""
    here = Path.cwd()
    return str(Path(path).relative_to(here) if Path(path).is_relative_to(here) else path)
