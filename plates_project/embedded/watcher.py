"""Starts and ends the process that watches the embedded PostgreSQL, for gunicorn's main process.

It does not import the driver: gunicorn's main process does without it, and each worker imports it
after the fork.
"""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

GIVEN_UP = b"!"
"""What the watcher writes to its socket before it stops this process."""

RESTART_SECONDS = 1.0
"""How long to wait after a watcher died before another one is started."""

# GunicornLogger formats this log, like all that gunicorn logs.
log = logging.getLogger("gunicorn.error")


class Watcher:
    """Runs `plates_project.embedded.watch`, which ends when this process ends in any way.

    If the watcher dies earlier, this starts another one.
    """

    def __init__(self, data_directory: Path) -> None:
        self._data_directory = data_directory
        self._is_dismissed = False
        self._has_given_up = False
        self._end = self._start()
        threading.Thread(target=self._look_after, name="watcher", daemon=True).start()

    def has_given_up(self) -> bool:
        """Whether the watcher has given up; then it has also sent SIGTERM to this process."""
        return self._has_given_up

    def dismiss(self) -> None:
        """End the watcher."""
        self._is_dismissed = True
        # The watcher may just have died.
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def forget(self) -> None:
        """Close the socket to the watcher, in a fork of this process."""
        self._end.close()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            words = ["-m", "plates_project.embedded.watch", str(self._data_directory)]
            subprocess.Popen([sys.executable, *words], stdin=theirs.fileno())
        return ours

    def _look_after(self) -> None:
        while self._dies_untimely():
            log.error("the watcher of the embedded PostgreSQL died: starting another")
            self._end.close()
            time.sleep(RESTART_SECONDS)
            self._end = self._start()

    def _dies_untimely(self) -> bool:
        """Wait until the watcher ends; whether it died, and was neither dismissed nor gave up."""
        # `dismiss` may close the socket before this thread reads from it.
        with contextlib.suppress(OSError):
            self._has_given_up = self._end.recv(1) == GIVEN_UP
        return not (self._has_given_up or self._is_dismissed)
