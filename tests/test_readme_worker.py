"""The README's worker, run as it stands there, and killed between read and acknowledgement."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plates_project.paths import BASE_DIR
from tests.polling import eventually
from tests.servers import LivePlate

DEAD_AFTER_MS = 1_000
"""Instead of the README's minute."""


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return live_plate()


@pytest.fixture
def script(tmp_path: Path, plate: LivePlate) -> Path:
    """The README's worker, for this plate, with less patience."""
    (code,) = re.findall(r"```python\n(.*?)```", (BASE_DIR / "README.md").read_text(), re.DOTALL)
    ours = f"{str(plate.http.base_url).rstrip('/')}/{plate.name}/"
    code, places = re.subn(r"http://localhost:8000/demo/", ours, code)
    code, waits = re.subn(r"60_000", str(DEAD_AFTER_MS), code)
    assert (places, waits) == (1, 1)
    path = tmp_path / "worker.py"
    path.write_text(code)
    return path


@contextmanager
def worker(
    script: Path, plate: LivePlate, name: str, output: int
) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, str(script), name]
    environment = {"API_KEY": plate.key, "PATH": os.environ["PATH"]}
    with subprocess.Popen(words, env=environment, stdout=output) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def full_pipe() -> Iterator[int]:
    """Whoever writes to it waits, for ever."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


def pending(plate: LivePlate) -> dict[str, str]:
    """How many pending entries each worker has."""
    answer = plate.request("GET", "/streams/groups/pending/events/workers")
    if answer.status_code == 404:
        return {}  # No worker has made the group yet.
    return dict(answer.json()["data"]["result"][3] or [])


def test_what_a_killed_worker_had_is_done_by_another(
    script: Path, plate: LivePlate, tmp_path: Path
) -> None:
    """At its work, which is to print, the first one waits for ever; then it is killed."""
    first = plate.run("XADD", "events", "*", "n", "1")
    with full_pipe() as blocked, worker(script, plate, "worker-1", blocked) as process:
        eventually(lambda: pending(plate) == {"worker-1": "1"})
        process.send_signal(signal.SIGKILL)
        process.wait()
    second = plate.run("XADD", "events", "*", "n", "2")
    done = tmp_path / "done"
    with done.open("wb") as output, worker(script, plate, "worker-2", output.fileno()):
        eventually(lambda: len(done.read_text().splitlines()) == 2, within_seconds=30)
        eventually(lambda: not pending(plate))
    lines = done.read_text().splitlines()
    assert sorted(lines) == [f"{first} ['n', '1']", f"{second} ['n', '2']"]
