"""The process that watches over the embedded server, as the one that serves sees it.

Outside of the package, which imports the driver: see plates_project.worker.
"""

import select
import socket
import subprocess
import sys
from pathlib import Path


class Watcher:
    """`plates_project.embedded.watch`. It ends when this process does, however that comes."""

    def __init__(self, data_directory: Path) -> None:
        self._end, theirs = socket.socketpair()
        with theirs:
            words = ["-m", "plates_project.embedded.watch", str(data_directory)]
            self._process = subprocess.Popen([sys.executable, *words], stdin=theirs.fileno())

    def has_given_up(self) -> bool:
        """Whether it has: then it also sent SIGTERM to this process."""
        readable, _, _ = select.select([self._end], [], [], 0)
        return bool(readable and self._end.recv(1))

    def dismiss(self) -> None:
        """Let it go. In a fork of this process: have no part in it."""
        self._end.close()
