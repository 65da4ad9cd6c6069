"""Starts the server processes of a run on free ports of 127.0.0.1, and ends them with the run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 20
ANSWER_SECONDS = 5


class DidNotStart(Exception):
    """A server ended, or did not answer in time. The text has the output of the server."""


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    *,
    output: Path,
    port: int,
    environment: Mapping[str, str] | None = None,
) -> Iterator[psutil.Process]:
    """Run a server while the body runs. The body begins once the server answers.

    Raises DidNotStart.
    """
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )
    try:
        _wait_until(lambda: _answers(port), process, output)
        yield psutil.Process(process.pid)
    finally:
        _end(process)


def python(*arguments: str) -> list[str]:
    """A command line that runs this process' Python."""
    return [sys.executable, *arguments]


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all its descendants."""
    return [process, *process.children(recursive=True)]


def _wait_until(
    is_ready: Callable[[], bool], process: subprocess.Popen[bytes], output: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart(f"{process.args!r}:\n{output.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    """Whether the port answers an HTTP request with anything. Redis does, too."""
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS) as probe:
            probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return bool(probe.recv(1))
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for member in family(psutil.Process(process.pid)):
            member.kill()
        process.wait()
