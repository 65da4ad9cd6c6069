"""What `manage.py serve` tells whoever started it, and where it keeps silent."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plates_project.paths import BASE_DIR
from streams.management.announcement import manage
from tests.polling import eventually
from tests.servers import COMMAND_SECONDS, Server, clean_environment
from tests.terminals import TerminalServer

pytestmark = pytest.mark.slow

KEY = re.compile(r"plt_[A-Za-z0-9_-]{43}")


@pytest.fixture
def at_terminal(tmp_path: Path, data_directory: Path) -> Iterator[TerminalServer]:
    """A server with a fresh embedded database, started at a terminal, its banner shown."""
    with TerminalServer(tmp_path, DATA_DIR=str(data_directory)) as server:
        eventually(lambda: "docs" in server.screen)
        yield server


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a reader does with a command that is shown."""
    return subprocess.run(
        command,
        shell=True,
        cwd=BASE_DIR,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def restart(server: TerminalServer) -> None:
    assert server.stop() == 0
    seen = server.output.count("Plates serves on")
    server.start()
    eventually(lambda: server.output.count("Plates serves on") > seen and "docs" in server.screen)


def test_the_first_start_shows_all_that_a_newcomer_needs(at_terminal: TerminalServer) -> None:
    screen = at_terminal.screen
    assert f"Plates serves on {at_terminal.url};" in at_terminal.output
    assert screen["plate"] == "demo"
    assert screen["console"] == f"{at_terminal.url}/admin/"
    pages = screen["docs"].split(", ")
    assert all((BASE_DIR / page).exists() for page in pages)
    (key,) = set(KEY.findall(screen["API key"]))
    with at_terminal.plate("demo", key).http as client:
        assert client.delete("/demo/streams/nothing").json()["data"]["result"] == 0


def test_the_request_to_try_is_complete(at_terminal: TerminalServer) -> None:
    words = shlex.split(at_terminal.screen["try it"])
    headers = dict(word.split(": ") for word in words if ": " in word and word[0] != "{")
    answer = httpx.post(words[1], headers=headers, content=words[-1], timeout=30)
    assert answer.status_code == 200, answer.text


def test_a_later_start_shows_how_to_get_another_key(at_terminal: TerminalServer) -> None:
    restart(at_terminal)
    assert len(set(KEY.findall(at_terminal.output))) == 1
    told = at_terminal.screen["API key"]
    assert not KEY.search(told)
    done = shell(told.partition("another: ")[2])
    assert KEY.search(done.stdout), done.stderr


def test_the_command_for_the_first_administrator_works(at_terminal: TerminalServer) -> None:
    command = at_terminal.output.partition("its first administrator: ")[2].splitlines()[0]
    done = shell(f"{command} --noinput", DJANGO_SUPERUSER_PASSWORD="correct horse battery")
    assert "Superuser created" in done.stdout, done.stderr
    restart(at_terminal)
    assert at_terminal.output.count("first administrator") == 1


def test_log_lines_at_a_terminal_are_text(at_terminal: TerminalServer) -> None:
    httpx.get(f"{at_terminal.url}/demo/streams/length/events", timeout=30)
    line = eventually(
        lambda: re.search(r"^\d\d:\d\d:\d\d .*GET 401 in .*$", at_terminal.output, re.M)
    )
    assert "plate=demo" in line[0]
    assert '{"at"' not in at_terminal.output


def test_a_start_that_fails_loses_no_key(tmp_path: Path, data_directory: Path) -> None:
    taken = Server(tmp_path / "other", DATA_DIR=str(data_directory))
    server = TerminalServer(tmp_path, DATA_DIR=str(data_directory))
    server.environment["PORT"] = str(taken.port)
    with taken, pytest.raises(AssertionError, match="in use"):
        server.start()
    assert not KEY.search(server.output)
    server.environment["PORT"] = str(server.port)
    with server:
        assert KEY.search(eventually(lambda: server.screen.get("API key")))


def test_no_key_gets_into_a_log(embedded: Server) -> None:
    """Not even made: the log says how to make one."""
    lines = eventually(lambda: [line for line in _log(embedded) if "API key" in line["message"]])
    command = lines[0]["message"].partition("this makes one: ")[2]
    assert json.loads(embedded.manage("listkeys", "demo", "--json").stdout) == {"keys": []}
    key = KEY.search(shell(command).stdout)
    assert key
    with embedded.plate("demo", key[0]).http as client:
        assert client.delete("/demo/streams/nothing").status_code == 200
    assert not KEY.search(embedded.output)


def test_a_command_for_another_database_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EMBEDDED_LOCK", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://plates:secret@database/plates")
    assert manage("createkey", "demo").endswith(
        "manage.py createkey demo  # with the same DATABASE_URL"
    )


@pytest.mark.parametrize("moment", ["Preparing", "Starting gunicorn", "Booting", "docs"])
def test_ctrl_c_is_clean_at_any_moment(tmp_path: Path, data_directory: Path, moment: str) -> None:
    server = TerminalServer(tmp_path, DATA_DIR=str(data_directory))
    server.spawn()
    eventually(lambda: moment in server.output, within_seconds=60)
    os.killpg(server.pid, signal.SIGINT)
    assert server.wait() in (0, 128 + signal.SIGINT)
    # A worker that missed the signal is killed in the end, and says nothing.
    assert server.output.count("Booting worker") == server.output.count("Worker exiting")
    assert "Traceback" not in server.output
    assert "Exception" not in server.output


def _log(server: Server) -> list[dict[str, str]]:
    return [json.loads(line) for line in server.output.splitlines()]
