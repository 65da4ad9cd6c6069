#!/usr/bin/env python
"""The command line. Without DATABASE_URL, commands use the embedded PostgreSQL."""

import os
import signal
import subprocess
import sys
from pathlib import Path

try:
    from django.core.management import execute_from_command_line
    from environs import EnvError

    from plates_project.embedded import Membership, membership_of
    from plates_project.paths import data_directory
    from plates_project.reachability import Unreachable, look_at_database, look_at_listener
    from plates_project.stop_signals import STOP_SIGNALS, exit_on
# It takes a good part of a second, in which somebody may press Ctrl-C.
except KeyboardInterrupt:
    sys.exit(128 + signal.SIGINT)

NEED_NO_DATABASE = frozenset(
    ("check", "collectstatic", "diffsettings", "findstatic", "help", "spectacular", "version")
)


def main() -> None:
    """Run a command, in the company of the embedded server if it needs one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plates_project.settings")
    if sys.argv[1:] == ["serve"]:
        _begin_to_serve()
    if not _needs_database(sys.argv[1:]):
        execute_from_command_line(sys.argv)
    elif os.environ.get("DATABASE_URL"):
        look_at_database()
        _execute()
    else:
        _execute_with_embedded_server()


def _execute_with_embedded_server() -> None:
    # Death by SIGTERM would leave the server without members.
    exit_on(signal.SIGTERM)
    with membership_of(_usable_data_directory()) as membership:
        _hand_over(membership)
        _execute()


def _usable_data_directory() -> Path:
    directory = data_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvError(f"DATA_DIR cannot be {directory}: {error.strerror}") from error
    return directory


def _execute() -> None:
    if sys.argv[1] == "serve":
        look_at_listener()
    execute_from_command_line(sys.argv)


def _begin_to_serve() -> None:
    exit_on(*STOP_SIGNALS)
    # A server's logs are its output; a command's output is for its caller.
    os.environ.setdefault("LOG_STREAM", "stdout")
    if sys.stdout.isatty():
        # The first time it takes some seconds.
        sys.stdout.write("Preparing the database ...\n")
        sys.stdout.flush()


def _needs_database(arguments: list[str]) -> bool:
    if not arguments or arguments[0].startswith("-") or arguments[0] in NEED_NO_DATABASE:
        return False
    return not {"-h", "--help"} & set(arguments)


def _hand_over(membership: Membership) -> None:
    """Tell the settings, and the server process that `serve` becomes."""
    os.environ["DATABASE_URL"] = membership.url
    os.environ["EMBEDDED_LOCK"] = str(membership.lock)


if __name__ == "__main__":
    try:
        main()
    except EnvError as error:
        sys.exit(f"Impossible configuration: {error}")
    except Unreachable as error:
        sys.exit(str(error))
    except subprocess.SubprocessError as error:
        sys.exit(f"The embedded PostgreSQL failed: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
