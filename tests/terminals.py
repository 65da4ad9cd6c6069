"""Servers that somebody started at a terminal."""

import os
import re
import subprocess
import threading
from pathlib import Path
from typing import IO

from tests.servers import Server

_CHUNK_BYTES = 65_536


class TerminalServer(Server):
    """A server whose output is a terminal; what appears there is in `output` too."""

    @property
    def output(self) -> str:
        if self._process is not None and self._process.poll() is not None:
            self._copying.join(timeout=10)
        return super().output.replace("\r\n", "\n")

    @property
    def screen(self) -> dict[str, str]:
        """The lines of the last banner, by their names."""
        banner = self.output.rpartition("Plates serves on")[2]
        return dict(re.findall(r"^  (\w[\w ]{0,8}?) {2,}(.+)$", banner, re.MULTILINE))

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        ours, its = os.openpty()
        with os.fdopen(its, "wb", buffering=0) as terminal:
            process = super()._spawn(terminal)
        self._copying = threading.Thread(target=_copy, args=(ours, Path(output.name)))
        self._copying.start()
        return process


def _copy(terminal: int, to: Path) -> None:
    """Append what appears at a terminal to a file, until nobody has the terminal any more."""
    with os.fdopen(terminal, "rb", buffering=0) as shown, to.open("ab", buffering=0) as file:
        try:
            while data := shown.read(_CHUNK_BYTES):
                file.write(data)
        except OSError:
            return  # Linux says so that the other end is closed.
