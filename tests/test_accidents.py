"""What was acknowledged survives: workers are killed, the database is restarted."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from plates_project.embedded import membership_of
from tests.polling import eventually
from tests.producers import CLIENTS, ENOUGH, Producers, all_ids
from tests.servers import LivePlate, RunServer, Server
from tests.waiting_line import once_in_line

pytestmark = pytest.mark.slow


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.pid).children()


def test_a_killed_worker_loses_no_acknowledged_entry_and_leaves_no_lock(
    server: Server, live_plate: Callable[[], LivePlate]
) -> None:
    plate = live_plate()
    producers = Producers(plate, "events")
    with producers.running():
        producers.have_added(ENOUGH)
        workers_of(server)[0].send_signal(signal.SIGKILL)
        # The other worker and, soon, a new one go on: nothing is locked.
        producers.have_added(ENOUGH)
    kept = all_ids(plate, "events")
    assert set(producers.acknowledged) <= set(kept)
    assert len(set(kept)) == len(kept)
    eventually(lambda: len(workers_of(server)) == 2)


@pytest.fixture
def own_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An embedded PostgreSQL that only this test uses, and may restart."""
    with membership_of(tmp_path_factory.mktemp("restarted")) as membership:
        yield membership


def backends_of(url: str) -> list[int]:
    """The server processes of other connections to this database."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return [row[0] for row in rows]


def crash(url: str) -> None:
    """Kill a backend: PostgreSQL then ends all the others, recovers, and serves again."""
    victim = eventually(lambda: backends_of(url))[0]
    psutil.Process(victim).send_signal(signal.SIGKILL)


def added_to_quiet(plate: LivePlate) -> Any:
    """The ID of an entry that was added, if it was."""
    answer = plate.post("/streams/add", {"key": "quiet", "values": {"late": 1}})
    return answer.status_code == 200 and answer.json()["data"]["result"]


def test_the_database_may_crash_under_load(own_database: Any, tmp_path: Path) -> None:
    url = own_database.url
    with Server(tmp_path, DATABASE_URL=url) as server:
        plate = server.new_plate()
        producers = Producers(plate, "events")
        reader = server.plate(plate.name, plate.key)
        plate.run("XGROUP", "CREATE", "quiet", "g", "$", "MKSTREAM")
        with ThreadPoolExecutor(1) as threads, producers.running():
            words = ["GROUP", "g", "c", "BLOCK", "60000", "STREAMS", "quiet", ">"]
            command = {"command": "XREADGROUP", "args": words}
            blocked = once_in_line(
                server,
                plate,
                1,
                lambda: threads.submit(
                    reader.request, "POST", "/streams/command", json=command, timeout=90
                ),
            )
            producers.have_added(ENOUGH)
            crash(url)
            # Refused while it was away, and served again without a restart.
            eventually(lambda: producers.refused, within_seconds=60)
            producers.have_added(ENOUGH)
            assert {answer.status_code for answer in producers.refused} == {503}
            assert all("Retry-After" in answer.headers for answer in producers.refused)
            # A worker may be refused once more by a connection of before.
            late = eventually(lambda: added_to_quiet(plate))
            answer = blocked.result(timeout=90)
        assert answer.json()["data"]["result"] == {"quiet": [[late, ["late", "1"]]]}
        assert set(producers.acknowledged) <= set(all_ids(plate, "events"))
        reader.http.close()
        plate.http.close()


def test_blocked_readers_are_let_go_when_the_server_stops(run_server: RunServer) -> None:
    with run_server() as server, ThreadPoolExecutor(CLIENTS) as threads:
        plate = server.new_plate()
        plate.run("XGROUP", "CREATE", "events", "g", "$", "MKSTREAM")
        body = {"group": "g", "streams": [{"key": "events"}], "block_ms": 60_000}
        blocked = [
            threads.submit(plate.post, "/streams/groups/read", {**body, "consumer": f"c{n}"})
            for n in range(CLIENTS)
        ]
        # A consumer is there once its reader has looked and found nothing (ST-10).
        eventually(lambda: len(plate.run("XINFO", "CONSUMERS", "events", "g")) == CLIENTS)
        assert server.stop() == 0
        answers = [reader.result(timeout=10) for reader in blocked]
        assert {answer.status_code for answer in answers} <= {200, 503}
        plate.http.close()
