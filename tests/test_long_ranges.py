"""Ranges of any length: streamed, so that the server's memory does not grow with them."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import psutil
import psycopg
import pytest

from tests.polling import eventually
from tests.servers import LivePlate, Server

# More than the replies that are held in memory, several times.
LONG = 5_000
# Its reply is larger than what memory may grow by.
VERY_LONG = 300_000
MAX_GROWTH_BYTES = 32 * 1024 * 1024
VALUE = "v" * 150
HELD_IN_MEMORY = 1_000


# One worker, which has two connections for all its requests.
pytestmark = pytest.mark.own_server(
    WEB_CONCURRENCY="1",
    DATABASE_CONNECTIONS="4",
    STREAMS_TAIL_SEND_TIMEOUT_MS="8000",
    DATABASE_POOL_TIMEOUT_SECONDS="25",
)


@pytest.fixture(scope="module")
def plate(server: Server) -> Iterator[LivePlate]:
    """A plate with a `long` and a `very-long` stream."""
    plate = server.new_plate()
    with plate.http:
        fill(server, plate, "long", LONG)
        fill(server, plate, "very-long", VERY_LONG)
        yield plate


def fill(server: Server, plate: LivePlate, key: str, count: int) -> None:
    """Make a stream with the entries 1-0, 2-0, …"""
    insert = """
        INSERT INTO entry (plate_id, stream_id, ms, seq, fields)
        SELECT stream.plate_id, stream.id, ms, 0, %s::json
        FROM stream
        JOIN plate ON plate.id = stream.plate_id
        CROSS JOIN generate_series(2, %s) AS ms
        WHERE plate.name = %s AND stream.key = %s
        RETURNING stream_id
    """
    count_in = """
        UPDATE stream
        SET length = %s, entries_added = %s, last_generated_ms = %s
        WHERE id = %s
    """
    plate.run("XADD", key, "1-0", "f", VALUE)
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        fields = f'["f","{VALUE}"]'
        cursor = connection.execute(insert, [fields, count, plate.name, key.encode()])
        (stream,) = cursor.fetchone() or ()
        connection.execute(count_in, [count, count, count, stream])


def numbered(*places: int) -> list[Any]:
    """The entries of those numbers."""
    return [[f"{place}-0", ["f", VALUE]] for place in places]


def worker_of(server: Server) -> psutil.Process:
    (worker,) = psutil.Process(server.pid).children()
    return worker


def test_it_works(plate: LivePlate) -> None:
    answer = plate.request("GET", "/streams/range/long")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "X-Request-Id" in answer.headers
    assert orjson.loads(answer.content) == {
        "ok": True,
        "data": {"result": numbered(*range(1, LONG + 1))},
    }


def test_newest_first_it_is_the_same_backwards(plate: LivePlate) -> None:
    backwards = numbered(*range(LONG, 0, -1))
    answer = plate.request("GET", "/streams/reverse/long")
    assert answer.json()["data"]["result"] == backwards
    assert plate.run("XREVRANGE", "long", "+", "-") == backwards


@pytest.mark.parametrize("count", [HELD_IN_MEMORY, HELD_IN_MEMORY + 1, 2 * HELD_IN_MEMORY, LONG])
def test_a_count_is_kept_wherever_the_streaming_begins(plate: LivePlate, count: int) -> None:
    assert plate.run("XRANGE", "long", "-", "+", "COUNT", count) == numbered(*range(1, count + 1))


def test_bounds_are_kept(plate: LivePlate) -> None:
    inside = numbered(*range(11, 3_001))
    assert plate.run("XRANGE", "long", "(10-0", "3000") == inside
    assert plate.run("XREVRANGE", "long", "3000", "(10-0") == inside[::-1]


def test_a_pipeline_and_a_transaction_give_the_same_reply(plate: LivePlate) -> None:
    commands = [["XRANGE", "long", "-", "+"], ["XLEN", "none"], ["XREVRANGE", "long", "+", "-"]]
    forwards = plate.run("XRANGE", "long", "-", "+")
    for path in ("/pipeline", "/transaction"):
        answer = plate.request("POST", path, json=commands)
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "data": [forwards, 0, forwards[::-1]]}


@pytest.mark.parametrize("direction", ["range", "reverse"])
def test_the_workers_memory_does_not_grow_with_the_reply(
    server: Server, plate: LivePlate, direction: str
) -> None:
    worker = worker_of(server)
    plate.request("GET", f"/streams/{direction}/long")
    before = worker.memory_info().rss
    largest, parts = before, []
    path = f"/{plate.name}/streams/{direction}/very-long"
    with plate.http.stream("GET", path) as response:
        for part in response.iter_bytes(1024 * 1024):
            parts.append(part)
            largest = max(largest, worker.memory_info().rss)
    text = b"".join(parts)
    assert len(text) > MAX_GROWTH_BYTES
    assert largest - before < MAX_GROWTH_BYTES
    ids = [int(entry[0].partition("-")[0]) for entry in orjson.loads(text)["data"]["result"]]
    expected = range(1, VERY_LONG + 1)
    assert ids == list(expected if direction == "range" else reversed(expected))


def test_it_is_of_one_moment(server: Server, plate: LivePlate) -> None:
    fill(server, plate, "changing", 50_000)
    with plate.http.stream("GET", f"/{plate.name}/streams/range/changing") as response:
        parts = response.iter_bytes()
        first = next(parts)
        removed = plate.run("XTRIM", "changing", "MINID", "60000")
        assert removed
        plate.run("XADD", "changing", "70000-0", "f", VALUE)
        text = first + b"".join(parts)
    assert len(orjson.loads(text)["data"]["result"]) == 50_000
    assert plate.run("XRANGE", "changing", "-", "+") == numbered(70_000)


def test_clients_that_leave_take_no_connection_with_them(plate: LivePlate) -> None:
    for _ in range(5):
        with plate.http.stream("GET", f"/{plate.name}/streams/range/very-long") as response:
            next(response.iter_bytes())
    assert plate.run("XLEN", "none") == 0


def test_clients_that_do_not_read_are_let_go(server: Server, plate: LivePlate) -> None:
    request = (
        f"GET /{plate.name}/streams/range/very-long HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {plate.key}\r\n\r\n"
    ).encode()
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address) as one, socket.create_connection(address) as other:
        for client in (one, other):
            client.sendall(request)
        eventually(lambda: len(_cursors(server)) == 2)
        # They hold all the connections there are, but not for ever.
        assert plate.run("XLEN", "none") == 0
        eventually(lambda: not _cursors(server), within_seconds=40)
    assert "Socket error" not in server.output


def test_what_breaks_off_is_not_taken_for_the_whole(server: Server, plate: LivePlate) -> None:
    with plate.http.stream("GET", f"/{plate.name}/streams/range/very-long") as response:
        assert response.status_code == 200
        (cursor,) = eventually(lambda: _cursors(server))
        with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [cursor])
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
    eventually(lambda: "a long answer was cut off" in server.output)
    assert len(plate.run("XRANGE", "long", "-", "+")) == LONG


def _cursors(server: Server) -> list[int]:
    """The sessions that are in the middle of a range."""
    query = """
        SELECT pid
        FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'
    """
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        return [row[0] for row in connection.execute(query)]
