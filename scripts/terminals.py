"""A terminal with a command in it, as a person would have started it. Standard library only."""

import os
import pty
import re
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

CTRL_C = b"\x03"
PAUSE_SECONDS = 0.1
LINES_TOLD = 60
_CHUNK_BYTES = 65_536


class TerminalError(Exception):
    """The command did not do what was expected of it; tells what its terminal shows."""


class Terminal:
    """Runs a command on a terminal of its own, and keeps all that appears there."""

    def __init__(self, words: list[str], directory: Path, environment: Mapping[str, str]):
        self._shown = b""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(directory)
            os.execvpe(words[0], words, environment)
        # Somebody must read, or the command would wait.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._status: int | None = None

    @property
    def text(self) -> str:
        """What has appeared so far."""
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, pattern: str, seconds: float) -> re.Match[str]:
        """Wait until a text appears, of whose lines `^` and `$` are the ends."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self._has_ended()
            found = re.search(pattern, self.text, re.MULTILINE)
            if found:
                return found
            if ended:
                raise self.failure(f"it ended without {pattern!r}")
            if time.monotonic() > deadline:
                raise self.failure(f"no {pattern!r} within {seconds} s")
            time.sleep(PAUSE_SECONDS)

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._terminal, keys)

    def wait(self, seconds: float) -> int:
        """Wait for the command's end: its exit status, or a signal's number below zero."""
        deadline = time.monotonic() + seconds
        while not self._has_ended():
            if time.monotonic() > deadline:
                raise self.failure(f"not ended within {seconds} s")
            time.sleep(PAUSE_SECONDS)
        self._reader.join(seconds)
        assert self._status is not None
        return self._status

    def kill(self) -> None:
        """Kill the command and all that it has started at this terminal, if it still runs."""
        if not self._has_ended():
            os.killpg(self._pid, signal.SIGKILL)

    def failure(self, why: str) -> TerminalError:
        """The error that shows the terminal's last lines."""
        lines = self.text.splitlines()[-LINES_TOLD:]
        return TerminalError("\n".join((why, *(f"    | {line}" for line in lines))))

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is not None

    def _read(self) -> None:
        try:
            while data := os.read(self._terminal, _CHUNK_BYTES):
                self._shown += data
        except OSError:
            return  # Linux says so that nobody has the other end any more.
