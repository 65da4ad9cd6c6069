"""`manage.py serve` and the embedded database, as real processes."""

import json
import os
import re
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.embedded import postgres_of
from tests.polling import eventually
from tests.servers import LivePlate, Server, clean_environment, manage

pytestmark = pytest.mark.slow

KEY = re.compile(r"plt_[A-Za-z0-9_-]{43}")


@contextmanager
def demo_of(server: Server) -> Iterator[LivePlate]:
    """The plate of the first start, with a key of its own."""
    done = server.manage("createkey", "demo", "--scope", "manage", "--json")
    plate = server.plate("demo", json.loads(done.stdout)["api_key"])
    with plate.http:
        yield plate


def test_it_works(embedded: Server) -> None:
    """One life: first start, entries, stop, second start, the same entries."""
    with demo_of(embedded) as plate:
        entry_id = plate.run("XADD", "events", "*", "type", "signup")
        assert embedded.stop() == 0
        embedded.start()
        assert plate.run("XRANGE", "events", "-", "+") == [[entry_id, ["type", "signup"]]]


def test_what_it_logs_is_json_without_keys(embedded: Server) -> None:
    with demo_of(embedded) as plate:
        plate.run("XADD", "events", "*", "secret-field", "secret-value")
    embedded.stop()
    lines = [json.loads(line) for line in embedded.output.splitlines()]
    assert all({"at", "level", "logger", "message"} <= set(line) for line in lines)
    assert not KEY.search(embedded.output)
    assert "secret" not in embedded.output


def test_sigterm_stops_the_embedded_database_too(embedded: Server, data_directory: Path) -> None:
    assert postgres_of(data_directory)
    assert embedded.stop() == 0
    assert postgres_of(data_directory) is None


def test_ctrl_c_stops_as_sigterm_does(embedded: Server, data_directory: Path) -> None:
    # As a terminal does it: to every process of the group.
    os.killpg(embedded.pid, signal.SIGINT)
    assert embedded.wait() == 0
    assert postgres_of(data_directory) is None


def test_an_idle_connection_does_not_hold_up_a_stop(embedded: Server) -> None:
    with httpx.Client(base_url=embedded.url) as client:
        assert client.get("/healthz").status_code == 200
        embedded.signal(signal.SIGTERM)
        eventually(lambda: not psutil.pid_exists(embedded.pid) or embedded.wait() == 0)
    assert "graceful timeout" not in embedded.output
    assert '"level":"error"' not in embedded.output


def test_a_blocked_reader_is_released_by_a_stop(embedded: Server) -> None:
    answers: list[httpx.Response] = []
    with demo_of(embedded) as plate:
        plate.run("XGROUP", "CREATE", "events", "g", "$", "MKSTREAM")

        def read() -> None:
            words = ["GROUP", "g", "c", "BLOCK", "60000", "STREAMS", "events", ">"]
            command = {"command": "XREADGROUP", "args": words}
            answers.append(plate.post("/streams/command", command))

        reader = threading.Thread(target=read)
        reader.start()
        # ST-10: the consumer is there once its reader has looked.
        eventually(lambda: plate.run("XINFO", "CONSUMERS", "events", "g"))
        embedded.signal(signal.SIGTERM)
        reader.join(timeout=9)
    assert [answer.status_code for answer in answers] in ([200], [503])
    assert embedded.wait() == 0


def test_it_starts_again_after_everything_of_it_was_killed(
    embedded: Server, data_directory: Path
) -> None:
    with demo_of(embedded) as plate:
        entry_id = plate.run("XADD", "events", "*", "f", "v")
        embedded.kill()
        embedded.start()
        assert plate.run("XLEN", "events") == 1
        postgres = postgres_of(data_directory)
        assert postgres
        postgres.kill()
        embedded.kill()
        embedded.start()
        assert plate.run("XRANGE", "events", "-", "+") == [[entry_id, ["f", "v"]]]
    assert embedded.stop() == 0
    assert postgres_of(data_directory) is None


def test_a_command_joins_the_running_server_and_leaves_it_running(
    embedded: Server, data_directory: Path
) -> None:
    before = postgres_of(data_directory)
    plate = embedded.new_plate()
    with plate.http:
        assert plate.run("XLEN", "events") == 0
        assert postgres_of(data_directory) == before
        assert embedded.manage("disableplate", plate.name).returncode == 0
        path = f"/{plate.name}/streams/length/events"
        eventually(lambda: plate.http.get(path).status_code == 401, within_seconds=10)


def test_a_command_alone_starts_the_database_and_stops_it(data_directory: Path) -> None:
    environment = {**clean_environment(), "DATA_DIR": str(data_directory)}
    done = manage("createplate", "acme", "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"plate", "api_key"}
    assert postgres_of(data_directory) is None
    again = manage("createplate", "acme", "--json", environment=environment)
    assert again.returncode == 1
    assert again.stdout == ""
    assert "exists already" in again.stderr


def test_commands_that_start_together_share_one_database(data_directory: Path) -> None:
    environment = {**clean_environment(), "DATA_DIR": str(data_directory)}
    results: list[int] = []

    def create(name: str) -> None:
        done = manage("createplate", name, "--json", environment=environment)
        results.append(done.returncode)

    threads = [threading.Thread(target=create, args=(f"plate-{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0, 0, 0]
    assert postgres_of(data_directory) is None


def test_the_database_stops_when_the_port_is_taken(embedded: Server, tmp_path: Path) -> None:
    other = tmp_path / "other"
    environment = {**embedded.environment, "DATA_DIR": str(other)}
    assert manage("serve", environment=environment).returncode != 0
    assert postgres_of(other) is None


def test_a_data_directory_with_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / ("long-" * 20)
    environment = {**clean_environment(), "DATA_DIR": str(directory)}
    assert manage("createplate", "acme", environment=environment).returncode == 0


def test_a_data_directory_with_quotes_in_its_name_is_no_obstacle(tmp_path: Path) -> None:
    environment = {**clean_environment(), "DATA_DIR": str(tmp_path / "it's here")}
    done = manage("createplate", "acme", environment=environment)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_while_it_is_still_importing_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "environs.py").write_text("raise KeyboardInterrupt")
    done = manage("serve", environment={**clean_environment(), "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


def test_a_port_that_is_taken_is_reported_on_one_line(embedded: Server, tmp_path: Path) -> None:
    environment = {**embedded.environment, "DATA_DIR": str(tmp_path / "other")}
    done = manage("serve", environment=environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"HOST and PORT: cannot listen on 127.0.0.1:{embedded.port}" in line


def test_a_data_directory_that_cannot_be_is_reported_on_one_line() -> None:
    done = manage("serve", environment={**clean_environment(), "DATA_DIR": "/dev/null/data"})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "DATA_DIR cannot be /dev/null/data" in line


def test_an_impossible_setting_is_refused_in_a_sentence() -> None:
    for name, value in (("PORT", "0"), ("PORT", "http"), ("STREAMS_MAX_BATCH", "0")):
        environment = {**clean_environment(), "DATABASE_URL": "postgresql:///none", name: value}
        done = manage("serve", environment=environment)
        assert done.returncode == 1
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_the_signing_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    environment = {**clean_environment(), "DATA_DIR": str(tmp_path)}
    show = ("diffsettings", "--output", "unified")
    first = manage(*show, environment=environment).stdout
    second = manage(*show, environment=environment).stdout
    assert "SECRET_KEY" in first
    assert first == second
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_static_files_are_served(server: Server) -> None:
    answer = httpx.get(f"{server.url}/static/admin/css/base.css", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/css")
