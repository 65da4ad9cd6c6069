"""Readers that wait for the same group: who gives way to whom, and who does not (BLK-17)."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from tests.polling import eventually
from tests.servers import LivePlate, RunServer, Server
from tests.waiting_line import listeners_of, once_in_line, places_in_line

LONG_MS = 20_000
ROUNDS = 8


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return with_groups(live_plate())


def with_groups(plate: LivePlate) -> LivePlate:
    for key in ("k1", "k2"):
        plate.run("XGROUP", "CREATE", key, "g", "$", "MKSTREAM")
    return plate


@pytest.fixture
def server_to_stop(run_server: RunServer) -> Iterator[Server]:
    """A server of one test: the readers of a worker that was stopped have no order for a while."""
    with run_server(WEB_CONCURRENCY="2") as running:
        yield running


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


def read_of(plate: LivePlate, consumer: str, block_ms: int, *keys: str) -> Any:
    """A blocked read of the group g; null if it gets nothing."""
    new = [">"] * len(keys)
    words = ("GROUP", "g", consumer, "BLOCK", block_ms, "STREAMS", *keys, *new)
    return plate.run("XREADGROUP", *words)


def begun(
    server: Server,
    threads: ThreadPoolExecutor,
    plate: LivePlate,
    consumer: str,
    block_ms: int,
    *keys: str,
) -> Future[Any]:
    """Such a read, which stands in line."""
    return once_in_line(
        server,
        plate,
        len(set(keys)),
        lambda: threads.submit(read_of, plate, consumer, block_ms, *keys),
    )


def assert_reads_without_giving_way(plate: LivePlate, key: str, *others: str) -> None:
    """Each read gets the entry that was added to the first stream, and not all out of courtesy."""
    block_ms, seconds = 2000, []
    for n in range(1, ROUNDS + 1):
        plate.run("XADD", key, f"{n}-0", "f", "v")
        began = time.monotonic()
        assert read_of(plate, "b", block_ms, key, *others) == {key: [[f"{n}-0", ["f", "v"]]]}
        seconds.append(time.monotonic() - began)
    assert min(seconds) < block_ms / 1000


@contextmanager
def blocked_in_a_worker(
    server: Server, plate: LivePlate, consumer: str, *keys: str
) -> Iterator[psutil.Process]:
    """A reader that blocks for long, and the worker process that serves it."""
    streams = ",".join(f'{{"key":"{key}"}}' for key in keys)
    body = f'{{"group":"g","consumer":"{consumer}","streams":[{streams}],"block_ms":{LONG_MS}}}'
    head = (
        f"POST /{plate.name}/streams/groups/read HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {plate.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall((head + body).encode())
        eventually(lambda: len(places_in_line(server, plate)) == len(keys))
        yield worker_of(server, connection.getsockname()[1])


def worker_of(server: Server, client_port: int) -> psutil.Process:
    for worker in psutil.Process(server.pid).children():
        # It is no worker if it ends meanwhile.
        with suppress(psutil.NoSuchProcess):
            connections = worker.net_connections("tcp")
            if any(getattr(found.raddr, "port", None) == client_port for found in connections):
                return worker
    raise AssertionError(f"no worker serves port {client_port}")


def test_nobody_gives_way_to_a_reader_of_another_stream(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    other = begun(server, threads, plate, "a", LONG_MS, "k2")
    assert_reads_without_giving_way(plate, "k1", "k2")
    assert not other.done()
    plate.run("XADD", "k2", "1-0", "f", "v")
    assert other.result() == {"k2": [["1-0", ["f", "v"]]]}


@pytest.mark.parametrize("keys", [("k1", "k2"), ("k1", "k2", "k2")], ids=["once", "twice"])
def test_who_gives_way_in_one_stream_takes_what_is_new_in_another(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor, keys: tuple[str, ...]
) -> None:
    first = begun(server, threads, plate, "a", LONG_MS, "k2")
    second = begun(server, threads, plate, "b", LONG_MS, *keys)
    plate.post("/transaction", [["XADD", key, "1-0", "f", "v"] for key in ("k1", "k2")])
    assert first.result() == {"k2": [["1-0", ["f", "v"]]]}
    assert second.result() == {"k1": [["1-0", ["f", "v"]]]}


def test_a_place_goes_with_its_process(server: Server, plate: LivePlate) -> None:
    with blocked_in_a_worker(server, plate, "a", "k1") as worker:
        worker.kill()
        worker.wait(timeout=10)
        assert_reads_without_giving_way(plate, "k1")
    eventually(lambda: listeners_of(server) == 2)


def test_a_place_goes_with_its_client(server: Server, plate: LivePlate) -> None:
    with blocked_in_a_worker(server, plate, "a", "k1"):
        pass
    plate.run("XADD", "k1", "1-0", "f", "v")
    assert read_of(plate, "b", 500, "k1") == {"k1": [["1-0", ["f", "v"]]]}


@pytest.mark.parametrize("block_ms", [50, 5000])
def test_no_reader_times_out_beside_an_entry_that_a_stopped_process_does_not_take(
    server_to_stop: Server, block_ms: int
) -> None:
    plate = with_groups(server_to_stop.new_plate())
    with closing(plate.http), blocked_in_a_worker(server_to_stop, plate, "a", "k1") as worker:
        worker.send_signal(signal.SIGSTOP)
        try:
            # A connection that the stopped worker has accepted before would not be served.
            with fresh_connection(server_to_stop, plate) as fresh:
                fresh.run("XADD", "k1", "1-0", "f", "v")
                assert read_of(fresh, "b", block_ms, "k1") == {"k1": [["1-0", ["f", "v"]]]}
        finally:
            worker.send_signal(signal.SIGCONT)


@contextmanager
def fresh_connection(server: Server, plate: LivePlate) -> Iterator[LivePlate]:
    fresh = server.plate(plate.name, plate.key)
    with fresh.http:
        yield fresh


def test_setid_wakes_nobody_even_when_lost_hints_are_looked_for_blk_5(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XADD", "k1", "1-0", "f", "v")
    plate.run("XGROUP", "SETID", "k1", "g", "$")
    # Processes look for lost hints every second.
    reader = begun(server, threads, plate, "a", 2500, "k1")
    plate.run("XGROUP", "SETID", "k1", "g", "0")
    assert reader.result() is None
    assert read_of(plate, "a", 1, "k1") == {"k1": [["1-0", ["f", "v"]]]}


def test_nobody_gives_way_to_a_reader_that_sleeps_through_setid_blk_5(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XADD", "k1", "1-0", "f", "v")
    plate.run("XGROUP", "SETID", "k1", "g", "$")
    first = begun(server, threads, plate, "a", LONG_MS, "k1")
    plate.run("XGROUP", "SETID", "k1", "g", "0")
    assert read_of(plate, "b", 800, "k1") == {"k1": [["1-0", ["f", "v"]]]}
    # Who gives way in vain puts the other one out of the line.
    assert places_in_line(server, plate)
    second = begun(server, threads, plate, "b", LONG_MS, "k1")
    plate.run("XADD", "k1", "2-0", "f", "v")
    assert first.result() == {"k1": [["2-0", ["f", "v"]]]}
    plate.run("XADD", "k1", "3-0", "f", "v")
    assert second.result() == {"k1": [["3-0", ["f", "v"]]]}


@pytest.mark.parametrize(
    "trigger",
    [
        [["XGROUP", "DESTROY", "k1", "other"]],
        [["XADD", "k1", "2-0", "f", "v"], ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "k1", ">"]],
    ],
)
def test_setid_wakes_nobody_after_a_trigger_that_left_nothing_blk_5(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor, trigger: list[list[str]]
) -> None:
    plate.run("XADD", "k1", "1-0", "f", "v")
    for group in ("g", "other"):
        plate.run("XGROUP", "DESTROY", "k1", group)
        plate.run("XGROUP", "CREATE", "k1", group, "$")
    reader = begun(server, threads, plate, "a", 6000, "k1")
    assert plate.post("/transaction", trigger).status_code == 200
    # The reader has looked in vain once it has left a plain read beside it time to be answered.
    assert plate.run("XREAD", "BLOCK", 2000, "STREAMS", "k1", "$") is None
    plate.run("XGROUP", "SETID", "k1", "g", "0")
    assert reader.result() is None


def test_a_group_made_anew_in_one_transaction_keeps_the_order_of_its_waiters_blk_14_blk_17(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    with blocked_in_a_worker(server, plate, "a", "k1"):
        old = set(places_in_line(server, plate).values())
        anew = [["XGROUP", "DESTROY", "k1", "g"], ["XGROUP", "CREATE", "k1", "g", "$"]]
        assert plate.post("/transaction", anew).status_code == 200
        eventually(lambda: set(places_in_line(server, plate).values()) - old)
        later = begun(server, threads, plate, "b", LONG_MS, "k1")
        plate.run("XADD", "k1", "1-0", "f", "v")
        eventually(lambda: plate.run("XPENDING", "k1", "g")[0])
        assert plate.run("XPENDING", "k1", "g")[3] == [["a", "1"]]
        plate.run("XADD", "k1", "2-0", "f", "v")
        assert later.result() == {"k1": [["2-0", ["f", "v"]]]}


def test_deleting_a_stream_beside_group_reads_leaves_nothing_behind_gen_12(
    server: Server, live_plate: Callable[[], LivePlate], threads: ThreadPoolExecutor
) -> None:
    plate = live_plate()
    over = threading.Event()

    def consume(name: str) -> set[int]:
        statuses = set()
        read = {"group": "g", "consumer": name, "streams": [{"key": "k"}], "count": 5}
        while not over.is_set():
            answer = plate.post("/streams/groups/read", read)
            statuses.add(answer.status_code)
            for entry_id in ids_in(answer):
                ack = {"key": "k", "group": "g", "ids": [entry_id]}
                statuses.add(plate.post("/streams/groups/ack", ack).status_code)
        return statuses

    consumers = [threads.submit(consume, f"c{n}") for n in range(4)]
    deletions = set()
    try:
        for _ in range(40):
            plate.run("XGROUP", "CREATE", "k", "g", "0", "MKSTREAM")
            entries = [{"values": {"n": n}} for n in range(50)]
            assert plate.post("/streams/add", {"key": "k", "entries": entries}).status_code == 200
            eventually(lambda: plate.run("XINFO", "GROUPS", "k")[0]["last-delivered-id"] != "0-0")
            deletions.add(plate.request("DELETE", "/streams/k").status_code)
    finally:
        over.set()
    assert deletions == {200}
    assert set().union(*(consumer.result() for consumer in consumers)) <= {200, 404}
    assert orphans_in(server.environment["DATABASE_URL"]) == 0


def ids_in(answer: httpx.Response) -> list[str]:
    if answer.status_code != 200 or not answer.json()["data"]["result"]:
        return []
    return [entry[0] for entry in answer.json()["data"]["result"]["k"]]


def orphans_in(url: str) -> int:
    """How many pending entries have no group."""
    with psycopg.connect(url) as connection:
        (row,) = connection.execute(
            "SELECT count(*) FROM pending_entry"
            " WHERE group_id NOT IN (SELECT id FROM consumer_group)"
        )
    return int(row[0])
