"""Behind PgBouncer: what works is served, and what cannot work is refused."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.pgbouncer import BINARY, PgBouncer
from tests.polling import eventually
from tests.producers import ENOUGH, Producers, all_ids
from tests.servers import LivePlate, Server, new_database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BINARY is None, reason="needs pgbouncer (apt install pgbouncer)"),
]

BLOCK_MS = 10_000
WAKE_UP_SECONDS = 5
NOT_READY = "not ready: the database is behind a pooler that does not keep prepared statements"


@pytest.fixture
def direct_url(database_url: str) -> Iterator[str]:
    """The URL of a fresh database, past the pooler."""
    with new_database(database_url) as url:
        yield url


@pytest.fixture
def pooler(direct_url: str) -> Iterator[PgBouncer]:
    """A pooler that does not run yet."""
    with TemporaryDirectory(prefix="plates-pooler-") as directory:
        # It is another user where this one is root.
        Path(directory).chmod(0o755)
        yield PgBouncer(Path(directory), direct_url)


@contextmanager
def plate_of(server: Server) -> Iterator[LivePlate]:
    plate = server.new_plate()
    with plate.http:
        yield plate


def is_ready(server: Server) -> bool:
    return httpx.get(f"{server.url}/readyz", timeout=30).status_code == 200


def add_and_read_under_load(plate: LivePlate) -> None:
    """Several clients add, others read in a group; each sees what is so."""
    plate.run("XGROUP", "CREATE", "events", "g", "$", "MKSTREAM")
    producers = Producers(plate, "events")
    delivered: list[str] = []
    stop = threading.Event()

    def read(consumer: str) -> None:
        body = {"group": "g", "consumer": consumer, "streams": [{"key": "events"}]}
        while not stop.is_set():
            answer = plate.post("/streams/groups/read", body)
            assert answer.status_code == 200, answer.text
            found = answer.json()["data"]["result"] or {"events": []}
            delivered.extend(entry[0] for entry in found["events"])

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read, f"c{n}") for n in range(2)]
        with producers.running():
            producers.have_added(ENOUGH)
        eventually(lambda: len(delivered) == len(producers.acknowledged), within_seconds=30)
        stop.set()
        for reader in readers:
            reader.result()
    assert not producers.refused
    assert sorted(delivered) == sorted(producers.acknowledged)
    assert all_ids(plate, "events") == sorted(producers.acknowledged, key=_numbers)


def wake_a_blocked_reader(plate: LivePlate) -> None:
    """A reader of one worker hears of an entry, whichever worker it was added in."""
    for number in range(4):
        key = f"quiet-{number}"
        body = {"streams": [{"key": key, "id": "0"}], "block_ms": BLOCK_MS}
        with ThreadPoolExecutor(1) as threads:
            blocked = threads.submit(plate.post, "/streams/read", body)
            entry_id = plate.run("XADD", key, "*", "f", "v")
            answer = blocked.result(timeout=WAKE_UP_SECONDS)
        assert answer.json()["data"]["result"] == {key: [[entry_id, ["f", "v"]]]}


def test_session_mode_works(pooler: PgBouncer, tmp_path: Path) -> None:
    with pooler.running("session"), Server(tmp_path, DATABASE_URL=pooler.url) as server:
        eventually(lambda: is_ready(server), within_seconds=30)
        with plate_of(server) as plate:
            add_and_read_under_load(plate)
            wake_a_blocked_reader(plate)


def test_transaction_mode_works_without_prepared_statements(
    pooler: PgBouncer, direct_url: str, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": pooler.url,
        "LISTEN_DATABASE_URL": direct_url,
        "DATABASE_PREPARED_STATEMENTS": "false",
    }
    # Fewer connections than there are clients, so that they change hands all the time.
    with pooler.running("transaction", pool_size=3), Server(tmp_path, **settings) as server:
        eventually(lambda: is_ready(server), within_seconds=30)
        with plate_of(server) as plate:
            add_and_read_under_load(plate)
            wake_a_blocked_reader(plate)


@pytest.mark.parametrize("pool_size", [1, 2, 40])
def test_transaction_mode_is_refused_at_the_start(
    pooler: PgBouncer, tmp_path: Path, pool_size: int
) -> None:
    server = Server(tmp_path, DATABASE_URL=pooler.url)
    with pooler.running("transaction", pool_size=pool_size):
        done = server.manage("serve")
    assert done.returncode == 1
    assert "does not keep prepared statements" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pooler_that_changes_to_transaction_mode_is_noticed(
    pooler: PgBouncer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        with pooler.running("session"):
            server = stack.enter_context(Server(tmp_path, DATABASE_URL=pooler.url))
            plate = stack.enter_context(plate_of(server))
        with pooler.running("transaction"):
            eventually(lambda: NOT_READY in plate.http.get("/readyz").text, within_seconds=30)
            assert statuses_under_load(plate) <= {200, 503}


def statuses_under_load(plate: LivePlate) -> set[int]:
    """What clients get that add to and read from one stream at the same time."""

    def add(number: int) -> set[int]:
        body = {"key": "events", "values": {"n": number}}
        return {plate.post("/streams/add", body).status_code for _ in range(20)}

    with ThreadPoolExecutor(8) as threads:
        return set().union(*threads.map(add, range(8)))


def _numbers(entry_id: str) -> tuple[int, int]:
    ms, seq = entry_id.split("-")
    return int(ms), int(seq)
