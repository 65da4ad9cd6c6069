"""The process that watches over the embedded server, as the one that serves sees it.

It is not in `plates_project.embedded`, which imports the driver: see `plates_project.worker`.
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
"""What the watcher writes before it stops the process that serves."""

RESTART_SECONDS = 1.0
"""How long to wait before another watcher is started in place of one that died."""

# GunicornLogger writes it, as it writes all that gunicorn says.
log = logging.getLogger("gunicorn.error")


class Watcher:
    """Runs `plates_project.embedded.watch`, which ends when this process does, however it ends.

    If the watcher dies before, another one is started.
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
        """Wait for the watcher's end; whether nobody wanted that end."""
        # `dismiss` may close the socket before this thread has come here.
        with contextlib.suppress(OSError):
            self._has_given_up = self._end.recv(1) == GIVEN_UP
        return not (self._has_given_up or self._is_dismissed)
