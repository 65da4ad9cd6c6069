"""A blocked reader ends when its API key does."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.polling import eventually
from tests.raw_http import connected, head
from tests.servers import LivePlate, Server

BLOCK_MS = 60_000
READERS = 8
"""Enough for both workers to have some."""


@pytest.fixture
def plate(server: Server) -> Iterator[LivePlate]:
    made = server.new_plate()
    with made.http:
        yield made


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(READERS) as executor:
        yield executor


def read(plate: LivePlate, number: int) -> httpx.Response:
    streams = [{"key": "events", "id": "$"}]
    return plate.post("/streams/read", {"streams": streams, "block_ms": BLOCK_MS})


def read_as_group(plate: LivePlate, number: int) -> httpx.Response:
    body: dict[str, Any] = {"group": "g", "consumer": f"c{number}", "block_ms": BLOCK_MS}
    return plate.post("/streams/groups/read", {**body, "streams": [{"key": "events"}]})


def places_in_line(server: Server) -> int:
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM waiting_reader").fetchone()
        return int(row[0]) if row else 0


@pytest.mark.parametrize("reads", [read, read_as_group])
def test_it_is_denied_as_soon_as_the_key_is_revoked(
    server: Server,
    plate: LivePlate,
    threads: ThreadPoolExecutor,
    reads: Callable[[LivePlate, int], httpx.Response],
) -> None:
    plate.run("XGROUP", "CREATE", "events", "g", "$", "MKSTREAM")
    answers = [threads.submit(reads, plate, number) for number in range(READERS)]
    if reads is read_as_group:
        eventually(lambda: places_in_line(server) == READERS)
    assert server.manage("revokekey", plate.key).returncode == 0
    for answer in answers:
        denied = answer.result(timeout=BLOCK_MS / 1000 / 2)
        assert denied.status_code == 401
        assert denied.json()["error"]["code"] == "invalid_authorization"
    assert places_in_line(server) == 0


def test_it_does_not_even_begin_if_the_key_is_revoked_before_its_body_has_come(
    server: Server, plate: LivePlate
) -> None:
    body = b'{"streams":[{"key":"events","id":"$"}],"block_ms":60000}'
    with connected(server) as connection:
        connection.send(head(plate, "POST", "/streams/read", Content_Length=len(body)) + body[:9])
        # By its answer, the same worker or the other has read the head by then.
        assert plate.run("XLEN", "events") == 0
        assert server.manage("revokekey", plate.key).returncode == 0
        answer = connection.send(body[9:]).answer()
        assert (answer.status, answer.code) == (401, "invalid_authorization")


def test_readers_with_another_key_wait_on(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    other = server.new_plate()
    with other.http:
        waiting = threads.submit(read, other, 0)
        assert server.manage("revokekey", plate.key).returncode == 0
        eventually(lambda: read(plate, 0).status_code == 401)

        def has_answer() -> bool:
            other.run("XADD", "events", "*", "f", "v")
            return waiting.done()

        eventually(has_answer)
        assert waiting.result().status_code == 200
