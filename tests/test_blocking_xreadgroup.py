"""Readers that block with XREADGROUP, and consumers at work at once, on two worker processes."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.polling import eventually
from tests.servers import LivePlate, Server
from tests.waiting_line import once_in_line, places_in_line

LONG_MS = 20_000
READERS = 6


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    plate = live_plate()
    plate.run("XGROUP", "CREATE", "jobs", "g", "$", "MKSTREAM")
    return plate


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2 * READERS) as executor:
        yield executor


class Reader:
    """A blocked `/groups/read` of the group g; it stands in line once this is made."""

    def __init__(
        self,
        server: Server,
        threads: ThreadPoolExecutor,
        plate: LivePlate,
        consumer: str,
        **body: Any,
    ) -> None:
        read = {
            "group": "g",
            "consumer": consumer,
            "streams": [{"key": "jobs"}],
            "block_ms": LONG_MS,
            **body,
        }
        self._answer: Future[httpx.Response] = once_in_line(
            server, plate, 1, lambda: threads.submit(plate.post, "/streams/groups/read", read)
        )

    @property
    def has_answer(self) -> bool:
        return self._answer.done()

    def answer(self) -> httpx.Response:
        return self._answer.result(timeout=LONG_MS / 1000)

    def ids(self) -> list[str]:
        result = self.answer().json()["data"]["result"]
        return [entry[0] for entry in result["jobs"]]


def consumers_of(plate: LivePlate) -> list[str]:
    return [consumer["name"] for consumer in plate.run("XINFO", "CONSUMERS", "jobs", "g")]


def test_waiters_are_served_in_the_order_they_came_blk_17(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    readers = [Reader(server, threads, plate, f"c{n}", count=1) for n in range(READERS)]
    for n in range(1, READERS + 1):
        plate.run("XADD", "jobs", f"{n}-0", "n", str(n))
    assert [reader.ids() for reader in readers] == [[f"{n}-0"] for n in range(1, READERS + 1)]


def test_one_transaction_serves_several_waiters_of_one_each_blk_17(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    readers = [Reader(server, threads, plate, f"c{n}", count=1) for n in range(3)]
    plate.post("/transaction", [["XADD", "jobs", f"{n}-0", "n", str(n)] for n in (1, 2, 3)])
    assert [reader.ids() for reader in readers] == [["1-0"], ["2-0"], ["3-0"]]


def test_without_a_count_the_first_waiter_takes_all_blk_17(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    first, second = (Reader(server, threads, plate, name) for name in ("first", "second"))
    plate.post("/transaction", [["XADD", "jobs", f"{n}-0", "n", str(n)] for n in (1, 2, 3)])
    assert first.ids() == ["1-0", "2-0", "3-0"]
    assert not second.has_answer
    plate.run("XADD", "jobs", "4-0", "n", "4")
    assert second.ids() == ["4-0"]


def test_waiters_of_different_groups_each_get_the_entry_blk_18(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XGROUP", "CREATE", "jobs", "h", "$")
    readers = [Reader(server, threads, plate, "c"), Reader(server, threads, plate, "c", group="h")]
    plate.run("XADD", "jobs", "1-0", "n", "1")
    assert [reader.ids() for reader in readers] == [["1-0"], ["1-0"]]


@pytest.mark.parametrize("go_away", ["group", "stream"])
def test_waiters_are_refused_when_group_or_stream_goes_away_blk_11_blk_13(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor, go_away: str
) -> None:
    reader = Reader(server, threads, plate, "c")
    if go_away == "group":
        plate.run("XGROUP", "DESTROY", "jobs", "g")
    else:
        plate.request("DELETE", "/streams/jobs")
    answer = reader.answer()
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "code": "nogroup",
        "message": "NOGROUP No such key 'jobs' or consumer group 'g'"
        " in XREADGROUP with GROUP option",
    }


def test_a_group_recreated_in_one_transaction_keeps_its_waiters_blk_14(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    reader = Reader(server, threads, plate, "c")
    plate.post(
        "/transaction", [["XGROUP", "DESTROY", "jobs", "g"], ["XGROUP", "CREATE", "jobs", "g", "$"]]
    )
    plate.run("XADD", "jobs", "1-0", "n", "1")
    assert reader.ids() == ["1-0"]


def test_setid_backwards_wakes_nobody_until_the_next_add_blk_5(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XADD", "jobs", "1-0", "n", "1")
    plate.run("XGROUP", "SETID", "jobs", "g", "$")
    reader = Reader(server, threads, plate, "c")
    plate.run("XGROUP", "SETID", "jobs", "g", "0")
    plate.run("XADD", "jobs", "2-0", "n", "2")
    assert reader.ids() == ["1-0", "2-0"]


def test_a_deleted_consumer_waits_on_and_comes_back_blk_15(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    reader = Reader(server, threads, plate, "c")
    plate.run("XGROUP", "DELCONSUMER", "jobs", "g", "c")
    assert consumers_of(plate) == []
    plate.run("XADD", "jobs", "1-0", "n", "1")
    assert reader.ids() == ["1-0"]
    assert consumers_of(plate) == ["c"]


def test_an_explicit_id_never_blocks_blk_3(plate: LivePlate) -> None:
    answer = plate.post(
        "/streams/groups/read",
        {
            "group": "g",
            "consumer": "c",
            "streams": [{"key": "jobs", "id": "0"}],
            "block_ms": LONG_MS,
        },
    )
    assert answer.json()["data"]["result"] == {"jobs": []}


def test_a_client_that_has_gone_receives_nothing(server: Server, plate: LivePlate) -> None:
    body = b'{"group":"g","consumer":"gone","streams":[{"key":"jobs"}],"block_ms":%d}' % LONG_MS
    head = (
        f"POST /{plate.name}/streams/groups/read HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {plate.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + body)
        eventually(lambda: places_in_line(server, plate))
    plate.run("XADD", "jobs", "1-0", "n", "1")
    read = plate.run("XREADGROUP", "GROUP", "g", "here", "BLOCK", "5000", "STREAMS", "jobs", ">")
    assert read == {"jobs": [["1-0", ["n", "1"]]]}


def test_each_entry_goes_to_exactly_one_consumer_in_order(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    total, given = 600, []
    all_produced = threading.Event()

    def consume(name: str) -> list[str]:
        mine: list[str] = []
        while True:
            is_last = all_produced.is_set()
            read = plate.run(
                "XREADGROUP", "GROUP", "g", name, "COUNT", 7, "BLOCK", 1000, "STREAMS", "jobs", ">"
            )
            if read is None and is_last:
                return mine
            if read is not None:
                ids = [entry[0] for entry in read["jobs"]]
                mine += ids
                assert plate.run("XACK", "jobs", "g", *ids) == len(ids)

    def produce(_: int) -> list[str]:
        return [plate.run("XADD", "jobs", "*", "n", n) for n in range(total // 3)]

    consumers = [threads.submit(consume, f"c{n}") for n in range(READERS)]
    try:
        added = [entry_id for ids in threads.map(produce, range(3)) for entry_id in ids]
    finally:
        all_produced.set()
    for consumer in consumers:
        mine = consumer.result(timeout=60)
        assert mine == sorted(mine, key=lambda text: tuple(map(int, text.split("-"))))
        given += mine
    assert sorted(given) == sorted(added)
    assert plate.run("XPENDING", "jobs", "g") == [0, None, None, None]


def test_claims_and_acknowledgements_at_once_leave_one_owner(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    count = 100
    plate.post(
        "/streams/add",
        {"key": "jobs", "entries": [{"id": f"{n}-0", "values": {"n": n}} for n in range(1, 101)]},
    )
    plate.run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "jobs", ">")
    ids = [f"{n}-0" for n in range(1, count + 1)]
    half = ids[::2]
    work: list[tuple[Any, ...]] = [
        ("XACK", "jobs", "g", *half),
        *(("XCLAIM", "jobs", "g", f"x{n}", 0, *ids) for n in range(3)),
        *(("XAUTOCLAIM", "jobs", "g", f"a{n}", 0, "0") for n in range(3)),
    ]
    list(threads.map(lambda words: plate.run(*words), work))
    total, smallest, _, owners = plate.run("XPENDING", "jobs", "g")
    listed = plate.run("XPENDING", "jobs", "g", "-", "+", count)
    assert total == len(listed) == count - len(half)
    assert smallest == "2-0"
    assert {row[0] for row in listed} == set(ids) - set(half)
    assert {name: int(number) for name, number in owners} == {
        row[1]: sum(other[1] == row[1] for other in listed) for row in listed
    }
