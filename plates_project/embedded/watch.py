"""Watches the embedded PostgreSQL while the service runs, and starts it again if it dies.

    python -m plates_project.embedded.watch DATA_DIR

This is a process of its own, because its parent, gunicorn, must not import the driver before it
forks its workers. The stdin of this process is a socket to the parent. When the parent ends in any
way, the socket closes; this process then ends too, and leaves the server as it is.
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
from plates_project.embedded.watcher import GIVEN_UP

CHECK_SECONDS = 0.25
"""How long the watcher waits between two checks of the server."""

MAX_STARTS = 8
"""How many times in a row the watcher starts the server before it gives up."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
"""How long the watcher waits between two starts: each time twice as long, up to the longest."""

HELD_SECONDS = 60.0
"""When the server has lived for so long after a start, the starts are counted from 0 again."""

# `__name__` would be `__main__`, because this module is run as a program.
log = logging.getLogger("plates_project.embedded.watch")


class Parent:
    """gunicorn's main process, at the other end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._pid = os.getppid()

    def is_leaving(self, within_seconds: float = 0.0) -> bool:
        """Whether the parent ends, now or within that time."""
        readable, _, _ = select.select([self._end], [], [], within_seconds)
        return bool(readable)

    def leave(self) -> None:
        """Behave from now on as if the parent was leaving."""
        self._end.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """Make the parent stop in order, with a failure as its exit status."""
        if not self.is_leaving():
            self._end.send(GIVEN_UP)
            os.kill(self._pid, signal.SIGTERM)


def watch(data_directory: Path, parent: Parent) -> None:
    """Keep the server alive until the parent leaves, or MAX_STARTS starts in a row did not help."""
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
    """How many seconds to wait before a start. The first start comes at once."""
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
    # The disk may be full, or the directory may be gone.
    except (subprocess.SubprocessError, OSError) as error:
        log.error("the embedded PostgreSQL did not start", extra={"error": str(error)})
    else:
        log.info("the embedded PostgreSQL serves again", extra={"start": start})


def main() -> None:
    """Watch the server under the directory that the command line names."""
    # Ctrl-C reaches every process of the terminal, but only the parent is to act on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = Parent(socket.socket(fileno=sys.stdin.fileno()))
    signal.signal(signal.SIGTERM, lambda number, frame: parent.leave())
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    logging.config.dictConfig(settings.LOGGING)
    watch(Path(sys.argv[1]), parent)


if __name__ == "__main__":
    main()
