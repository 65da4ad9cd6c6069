"""The embedded PostgreSQL dies under a service: it is started again, and nothing is lost."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from plates_project.embedded import membership_of, server_log, watch
from tests.embedded import postgres_of, watcher_of, watchers_of
from tests.polling import eventually
from tests.producers import ENOUGH, Producers, all_ids
from tests.servers import LivePlate, Server

RECOVERY_SECONDS = 30
GIVE_UP_SECONDS = 120


@pytest.fixture(params=["data", "long-" * 20], ids=["beside-the-data", "elsewhere"])
def data_directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A DATA_DIR; where its path is too long for a socket's, the sockets are elsewhere."""
    return tmp_path / str(request.param)


@pytest.fixture
def embedded(embedded: Server) -> Server:
    """The same once it has found its database."""
    eventually(lambda: is_ready(embedded), within_seconds=RECOVERY_SECONDS)
    return embedded


short_path_only = pytest.mark.parametrize("data_directory", ["data"], indirect=True)


def is_ready(server: Server) -> bool:
    return httpx.get(f"{server.url}/readyz", timeout=30).status_code == 200


def kill_postgres(data_directory: Path) -> psutil.Process:
    """Kill the postmaster; the process that it was, which may have left others."""
    postgres = postgres_of(data_directory)
    assert postgres
    postgres.kill()
    eventually(lambda: _has_ended(postgres))
    return postgres


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def suspended_child(postgres: psutil.Process) -> psutil.Process | None:
    """A process of PostgreSQL that serves the service, and now no longer runs."""
    for child in postgres.children():
        # One that serves a command may be ending.
        with suppress(psutil.NoSuchProcess):
            title = " ".join(child.cmdline()).rstrip()
            if "plates" in title and title.endswith("idle"):
                child.suspend()
                return child
    return None


def length_of_events(plate: LivePlate) -> int | None:
    """None if the worker that is asked has not found the database again."""
    answer = plate.request("GET", "/streams/length/events")
    return int(answer.json()["data"]["result"]) if answer.status_code == 200 else None


def lines_of(server: Server, message: str) -> list[dict[str, Any]]:
    """The log lines whose message says so."""
    whole = server.output.rpartition("\n")[0]
    lines = [line for line in whole.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if message in line["message"]]


def test_it_is_started_again_and_nothing_acknowledged_is_lost(
    embedded: Server, data_directory: Path
) -> None:
    plate = embedded.new_plate()
    producers = Producers(plate, "events")
    with plate.http:
        with producers.running():
            producers.have_added(ENOUGH)
            kill_postgres(data_directory)
            assert httpx.get(f"{embedded.url}/healthz", timeout=30).status_code == 200
            # Refused while it was away, and served again without a person.
            producers.have_added(ENOUGH)
        assert {answer.status_code for answer in producers.refused} == {503}
        assert set(producers.acknowledged) <= set(all_ids(plate, "events"))
    eventually(lambda: is_ready(embedded), within_seconds=RECOVERY_SECONDS)
    assert lines_of(embedded, "died: starting it again")
    eventually(lambda: lines_of(embedded, "serves again"))
    assert embedded.stop() == 0
    assert postgres_of(data_directory) is None


@short_path_only
def test_it_is_tried_again_while_processes_of_the_dead_server_are_in_the_way(
    embedded: Server, data_directory: Path
) -> None:
    postgres = postgres_of(data_directory)
    assert postgres
    # Such a one does not notice that its parent died.
    orphan = eventually(lambda: suspended_child(postgres))
    try:
        kill_postgres(data_directory)
        (line, *_) = eventually(lambda: lines_of(embedded, "did not start"))
        assert "shared memory" in line["error"]
        assert not is_ready(embedded)
    finally:
        orphan.kill()
    eventually(lambda: is_ready(embedded), within_seconds=RECOVERY_SECONDS)


def test_a_command_may_start_it_first(embedded: Server, data_directory: Path) -> None:
    watcher = watcher_of(embedded)
    watcher.suspend()
    try:
        kill_postgres(data_directory)
        plate = embedded.new_plate()
    finally:
        watcher.resume()
    with plate.http:
        eventually(lambda: length_of_events(plate) == 0, within_seconds=RECOVERY_SECONDS)
    assert not lines_of(embedded, "did not start")


def test_a_stop_while_it_is_dead_is_a_stop_in_order(embedded: Server, data_directory: Path) -> None:
    watcher = watcher_of(embedded)
    watcher.suspend()
    try:
        kill_postgres(data_directory)
        assert embedded.stop() == 0
    finally:
        watcher.resume()
    assert "Traceback" not in embedded.output
    eventually(lambda: not watcher.is_running())
    assert postgres_of(data_directory) is None


@short_path_only
def test_a_stop_while_it_is_being_started_leaves_no_server(
    embedded: Server, data_directory: Path
) -> None:
    kill_postgres(data_directory)
    eventually(lambda: lines_of(embedded, "died: starting it again"))
    assert embedded.stop() == 0
    assert "Traceback" not in embedded.output
    eventually(lambda: not processes_in(data_directory))


@short_path_only
def test_the_watcher_stays_until_the_server_has_gone(
    embedded: Server, data_directory: Path
) -> None:
    watcher = watcher_of(embedded)
    watcher.send_signal(signal.SIGINT)
    kill_postgres(data_directory)
    eventually(lambda: is_ready(embedded), within_seconds=RECOVERY_SECONDS)
    # As a terminal does it: to every process of the group.
    os.killpg(embedded.pid, signal.SIGINT)
    assert embedded.wait() == 0
    eventually(lambda: not watcher.is_running())
    eventually(lambda: not processes_in(data_directory))
    assert "Traceback" not in embedded.output


@short_path_only
def test_a_watcher_that_is_killed_is_replaced(embedded: Server, data_directory: Path) -> None:
    watcher = watcher_of(embedded)
    watcher.kill()
    eventually(lambda: lines_of(embedded, "the watcher of the embedded PostgreSQL died"))
    eventually(lambda: watchers_of(embedded) - {watcher})
    kill_postgres(data_directory)
    eventually(lambda: is_ready(embedded), within_seconds=RECOVERY_SECONDS)
    assert embedded.stop() == 0
    eventually(lambda: not processes_in(data_directory))
    assert "Traceback" not in embedded.output


@short_path_only
def test_the_watcher_ends_with_a_killed_server(embedded: Server, data_directory: Path) -> None:
    watcher = watcher_of(embedded)
    embedded.signal(signal.SIGKILL)
    embedded.wait()
    eventually(lambda: not watcher.is_running())
    # PostgreSQL was left running; the last to leave stops it.
    with membership_of(data_directory):
        assert processes_in(data_directory)
    assert not processes_in(data_directory)


@short_path_only
def test_a_server_that_cannot_be_started_stops_the_service(
    embedded: Server, data_directory: Path
) -> None:
    (data_directory / "postgres" / "global" / "pg_control").rename(data_directory / "pg_control")
    kill_postgres(data_directory)
    eventually(lambda: lines_of(embedded, "does not stay up"), within_seconds=GIVE_UP_SECONDS)
    assert embedded.wait() == 1
    assert len(lines_of(embedded, "did not start")) == watch.MAX_STARTS
    assert "Traceback" not in embedded.output


@short_path_only
def test_its_log_is_bounded(embedded: Server, data_directory: Path) -> None:
    log = server_log.path(data_directory / "postgres")
    with log.open("ab") as file:
        file.write(b"noise\n" * (server_log.MAX_BYTES // 6 + 1))
    eventually(lambda: log.stat().st_size < 2 * server_log.KEPT_BYTES)
    # The server goes on writing where the rest now ends.
    with (
        membership_of(data_directory) as membership,
        pytest.raises(psycopg.errors.DivisionByZero),
        psycopg.connect(membership.url) as connection,
    ):
        connection.execute("SELECT 1 / 0")
    eventually(lambda: b"division by zero" in log.read_bytes())
    assert re.search(rb"\A(.*\n)?noise\n", log.read_bytes())
    assert b"\0" not in log.read_bytes()


def processes_in(data_directory: Path) -> list[psutil.Process]:
    """The processes of PostgreSQL that work in that directory."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres"
        and process.info["cwd"] == str(data_directory / "postgres")
    ]
