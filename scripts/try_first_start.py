"""Try what a newcomer does: copy the checked-in files, `make serve`, follow the README.

    python3 -m scripts.try_first_start

In an empty directory, with nothing in the environment but PATH and HOME, at a terminal. Needs what
a newcomer needs, curl, and git for the list of files.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from scripts.terminals import CTRL_C, Terminal, TerminalError

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME")}

INSTALL_SECONDS = 600
START_SECONDS = 120
STOP_SECONDS = 60
PAUSE_SECONDS = 0.2
COMMAND_SECONDS = 60

# make waits for what it runs, and then ends as Ctrl-C ends it.
CLEAN_STATUSES = (0, -signal.SIGINT)

# A wheel that pip has built before, from a compiler's machine, does not count.
WHEELS_ONLY = (
    *("-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
    *("--only-binary", ":all:", "-r", "requirements.txt"),
)

IMPORT_EVERYTHING = """
import importlib, pkgutil, django
django.setup()
count = 0
for package in ("streams", "plates_project"):
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, package + "."):
        importlib.import_module(module.name)
        count += 1
print(count, "modules")
"""


def main() -> int:
    """Do it all, telling each step; the exit status."""
    signal.signal(signal.SIGTERM, _exit)
    try:
        with TemporaryDirectory(prefix="plates-first-start-") as directory:
            _try_in(Path(directory) / "plates")
    except (TerminalError, subprocess.SubprocessError, AssertionError) as error:
        print(f"first start: {error}", file=sys.stderr)
        return 1
    return 0


def _try_in(directory: Path) -> None:
    _tell(f"copy the checked-in files to {directory}")
    _copy_checkout(directory)
    port = _free_port()
    _tell(f"make serve PORT={port}, for the first time")
    with _service(directory, port, INSTALL_SECONDS) as terminal:
        key = terminal.wait_for(r"^  API key +(plt_[\w-]{43}) ", COMMAND_SECONDS)[1]
        _follow_readme(directory, port, key)
        before = _entries(port, key)
    _tell("see that no package needs a compiler")
    _run([".venv/bin/python", *WHEELS_ONLY], directory, INSTALL_SECONDS)
    _tell("import every module")
    _tell(_run([".venv/bin/python", "-c", IMPORT_EVERYTHING], directory))
    _tell("make serve again")
    with _service(directory, port, START_SECONDS) as terminal:
        told = terminal.wait_for(r"^  API key +(.*)$", COMMAND_SECONDS)[1]
        assert "plt_" not in told, f"an API key is shown again: {told}"
        assert before == _entries(port, key), "the entries are not the same as before"
        _tell(f"{len(before)} entries are still there")


def _copy_checkout(directory: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, directory / name)


@contextlib.contextmanager
def _service(directory: Path, port: int, seconds: float) -> Iterator[Terminal]:
    """`make serve` up to its banner; Ctrl-C after the body, and a look at how it ended."""
    terminal = Terminal(["make", "serve", f"PORT={port}"], directory, ENVIRONMENT)
    try:
        terminal.wait_for(rf"^Plates serves on http://127.0.0.1:{port};", seconds)
        yield terminal
        _tell("Ctrl-C")
        terminal.press(CTRL_C)
        status = terminal.wait(STOP_SECONDS)
        # Before that pip may have printed errors that it survived.
        served = terminal.text.partition("Preparing the database")[2]
        if status not in CLEAN_STATUSES or re.search("Traceback|Error", served):
            raise terminal.failure(f"it did not end cleanly, with status {status}")
        assert not _postmaster(directory), "the embedded PostgreSQL still runs"
    finally:
        terminal.kill()
        _stop_postgres(directory)


def _follow_readme(directory: Path, port: int, key: str) -> None:
    """Run every command of the README's first section; only the port and the key are others."""
    given, requests = _shown_in((directory / "README.md").read_text())
    words = "\n".join(re.sub(r"^API_KEY=.*", f"API_KEY={key}", line) for line in given)
    scripts = [f"{words}\n{line.replace(':8000', f':{port}')}" for line in requests]
    for line, script in zip(requests, scripts, strict=True):
        _tell(line)
        answer = _blocking(script, scripts[0]) if "block_ms" in line else _shell(script)
        assert answer["ok"], answer


def _shown_in(readme: str) -> tuple[list[str], list[str]]:
    """The variables that the first section sets, and its requests, each as one line."""
    section = readme.split("\n## ")[1]
    first, *_, last = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)
    assert first.strip() == "make serve", "the first command is another"
    script = re.sub(r" *\\\n +", " ", last)
    lines = [line.strip() for line in script.splitlines() if line and line.strip()[0] != "#"]
    requests = [line for line in lines if line.startswith("curl ")]
    assert requests, "no requests are shown"
    return [line for line in lines if line not in requests], requests


def _blocking(script: str, append: str) -> Any:
    """The answer to a read that waits; entries are appended until one wakes it."""
    words = ["bash", "-euc", script]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(words, stdout=pipe, stderr=nothing, env=ENVIRONMENT) as reading:
        appended = []
        deadline = time.monotonic() + COMMAND_SECONDS
        while reading.poll() is None and time.monotonic() < deadline:
            appended.append(_shell(append)["data"]["result"])
            time.sleep(PAUSE_SECONDS)
        reading.kill()
        answer = json.loads(reading.communicate()[0])
    assert answer["data"]["result"]["events"][0][0] in appended, answer
    return answer


def _entries(port: int, key: str) -> list[Any]:
    url = f"http://127.0.0.1:{port}/demo/streams/range/events"
    found = _shell(f"curl {url} -H 'Authorization: {key}'")["data"]["result"]
    assert found, "there are no entries"
    return list(found)


def _shell(script: str) -> Any:
    return json.loads(_run(["bash", "-euc", script], ROOT))


def _run(words: list[str], directory: Path, seconds: float = COMMAND_SECONDS) -> str:
    environment = {**ENVIRONMENT, "DJANGO_SETTINGS_MODULE": "plates_project.settings"}
    done = subprocess.run(
        words,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{words[0]} failed: {done.stderr}"
    return done.stdout.strip()


def _postmaster(directory: Path) -> int | None:
    """The process of the embedded PostgreSQL, if it runs."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid_file = directory / ".data" / "postgres" / "postmaster.pid"
        pid = int(pid_file.read_text().partition("\n")[0])
        os.kill(pid, 0)
        return pid
    return None


def _stop_postgres(directory: Path) -> None:
    """Stop what a service that was killed leaves behind."""
    pid = _postmaster(directory)
    if pid:
        os.kill(pid, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _tell(line: str) -> None:
    print(f"   {line}", flush=True)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
