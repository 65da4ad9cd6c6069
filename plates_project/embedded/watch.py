"""Watches over the embedded server while its parent serves: starts it again should it die.

    python -m plates_project.embedded.watch DATA_DIR

It is a process of its own because the parent, gunicorn, may not import the driver before it makes
workers. Its stdin is a socket to the parent, which closes when the parent ends, however it does;
this process ends then too, and leaves the server as it is.
"""

import logging
import logging.config
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from plates_project import settings
from plates_project.embedded import server, server_log
from plates_project.embedded.locks import exclusive_start
from plates_project.embedded_watcher import GIVEN_UP

CHECK_SECONDS = 0.25
"""How often it looks whether the server lives."""

MAX_STARTS = 8
"""How often the server is started in a row, before it is given up."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
"""How long it waits between two of these starts: doubled from the first to the longest."""

HELD_SECONDS = 60.0
"""A server that lived for so long is as good as new: its next death begins a new row."""

# Not by `__name__`: it is run as a program.
log = logging.getLogger("plates_project.embedded.watch")


class Parent:
    """The process that serves, at the other end of a socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._pid = os.getppid()

    def is_leaving(self, within_seconds: float = 0.0) -> bool:
        """Whether it ends, now or within that time."""
        readable, _, _ = select.select([self._end], [], [], within_seconds)
        return bool(readable)

    def leave(self) -> None:
        """Behave from here on as if it was leaving."""
        self._end.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """Have it stop in order, with a failure for its status."""
        if not self.is_leaving():
            self._end.send(GIVEN_UP)
            os.kill(self._pid, signal.SIGTERM)


def watch(data_directory: Path, parent: Parent) -> None:
    """Keep the server alive until the parent leaves, or there is no hope."""
    directory = server.directory_in(data_directory)
    starts, last_start_at = 0, 0.0
    while not parent.is_leaving(CHECK_SECONDS):
        server_log.keep_bounded(directory)
        if server.lives(directory):
            if time.monotonic() - last_start_at > HELD_SECONDS:
                starts = 0
            continue
        if starts == MAX_STARTS:
            log.critical("the embedded PostgreSQL does not stay up: the service stops")
            parent.stop()
            return
        if not parent.is_leaving(_pause_before(starts)):
            starts += 1
            _start_again(data_directory, parent, starts)
            last_start_at = time.monotonic()


def _pause_before(start: int) -> float:
    """Seconds; the first start comes at once."""
    if start == 0:
        return 0.0
    return min(FIRST_PAUSE_SECONDS * 2.0 ** (start - 1), LONGEST_PAUSE_SECONDS)


def _start_again(data_directory: Path, parent: Parent, start: int) -> None:
    log.warning("the embedded PostgreSQL died: starting it again", extra={"start": start})
    try:
        with exclusive_start(data_directory):
            server.ensure_running(server.directory_in(data_directory), parent.is_leaving)
    except server.GivenUp:
        return
    # The disk may be full, the directory gone.
    except (subprocess.SubprocessError, OSError) as error:
        log.error("the embedded PostgreSQL did not start", extra={"error": str(error)})
    else:
        log.info("the embedded PostgreSQL serves again", extra={"start": start})


def main() -> None:
    """Watch over the server in the directory that the command line names."""
    # Ctrl-C reaches every process of the terminal; the parent is the one to act on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = Parent(socket.socket(fileno=sys.stdin.fileno()))
    signal.signal(signal.SIGTERM, lambda number, frame: parent.leave())
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    logging.config.dictConfig(settings.LOGGING)
    watch(Path(sys.argv[1]), parent)


if __name__ == "__main__":
    main()
