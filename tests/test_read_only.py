"""A database that takes no writes, as after a failover: refused honestly, and not for ever."""

from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.polling import eventually
from tests.servers import LivePlate, Server

DONE_SECONDS = 60

WRITES = {
    "/streams/add": {"key": "events", "values": {"f": "v"}},
    "/streams/trim": {"key": "events", "strategy": "maxlen", "threshold": 0},
    "/streams/delete": {"key": "events", "ids": ["1-0"]},
    "/streams/groups/create": {"key": "events", "group": "new"},
    "/streams/groups/read": {"group": "g", "consumer": "c", "streams": [{"key": "events"}]},
    "/streams/groups/ack": {"key": "events", "group": "g", "ids": ["1-0"]},
    "/transaction": [["XADD", "events", "*", "f", "v"]],
}


# Its database takes no writes at times.
pytestmark = pytest.mark.own_server


@pytest.fixture(scope="module")
def plate(server: Server) -> Iterator[LivePlate]:
    """A plate with one entry and a group."""
    plate = server.new_plate()
    with plate.http:
        plate.run("XADD", "events", "1-0", "f", "v")
        plate.run("XGROUP", "CREATE", "events", "g", "0")
        yield plate


@pytest.fixture
def read_only(server: Server, plate: LivePlate) -> Iterator[Callable[[], None]]:
    """The database is read-only, until the test calls for the contrary."""
    url = server.environment["DATABASE_URL"]
    _make_read_only(url, True)
    eventually(lambda: _is_settled(plate), within_seconds=DONE_SECONDS)
    yield lambda: _make_read_only(url, False)
    _make_read_only(url, False)
    eventually(lambda: plate.http.get("/readyz").status_code == 200, within_seconds=DONE_SECONDS)


def _is_settled(plate: LivePlate) -> bool:
    """Whether no worker has a connection of before, all of which were ended."""
    return all("read-only" in plate.http.get("/readyz").text for _ in range(20))


@pytest.mark.usefixtures("read_only")
def test_it_is_not_ready_and_says_why(plate: LivePlate) -> None:
    answer = plate.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["error"]["message"] == "not ready: the database is read-only"
    assert "Retry-After" in answer.headers


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("path", WRITES)
def test_a_write_is_unavailable(plate: LivePlate, path: str) -> None:
    answer = plate.post(path, WRITES[path])
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert answer.json()["error"]["message"] == "the database is read-only"
    assert "Retry-After" in answer.headers


@pytest.mark.usefixtures("read_only")
def test_the_console_says_so_on_a_page(plate: LivePlate) -> None:
    with httpx.Client(base_url=plate.http.base_url, timeout=30) as browser:
        browser.get("/admin/login/")
        form = {
            "username": "a",
            "password": "b",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        answer = browser.post("/admin/login/", data=form)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "the database is read-only" in answer.text


@pytest.mark.usefixtures("read_only")
def test_reading_goes_on(plate: LivePlate) -> None:
    assert plate.run("XRANGE", "events", "-", "+") == [["1-0", ["f", "v"]]]


def test_writes_are_taken_again_without_a_restart(
    plate: LivePlate, read_only: Callable[[], None]
) -> None:
    body = {"key": "other", "values": {"f": "v"}}
    # Several connections are made meanwhile, each read-only for as long as it lives.
    assert {plate.post("/streams/add", body).status_code for _ in range(20)} == {503}
    read_only()
    statuses: list[int] = []

    def is_writable_for_long() -> bool:
        statuses.append(plate.post("/streams/add", body).status_code)
        return statuses[-50:] == [200] * 50

    eventually(is_writable_for_long, within_seconds=DONE_SECONDS)
    assert set(statuses) <= {200, 503}


def _make_read_only(url: str, is_read_only: bool) -> None:
    """For the sessions to come; those that are there are ended."""
    name = url.rsplit("/", 1)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        # Not for this one, though, which the next call needs.
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                sql.Identifier(name), sql.Literal(is_read_only)
            )
        )
        if is_read_only:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )
