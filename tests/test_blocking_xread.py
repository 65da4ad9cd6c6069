"""Readers that block with XREAD, on a real server with two worker processes (BLK)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.polling import eventually
from tests.servers import LivePlate, Server

READERS = 8
"""Enough for both workers to have some."""

LONG_MS = 28_000


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return live_plate()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(READERS) as executor:
        yield executor


class Reader:
    """A request for `/read` under way."""

    def __init__(self, threads: ThreadPoolExecutor, plate: LivePlate, **body: Any) -> None:
        self._answer: Future[httpx.Response] = threads.submit(
            plate.post, "/streams/read", {"block_ms": LONG_MS, **body}
        )

    @property
    def has_answer(self) -> bool:
        return self._answer.done()

    def result(self) -> Any:
        answer = self._answer.result(timeout=LONG_MS / 1000)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["result"]


def add_until(plate: LivePlate, key: str, readers: list[Reader]) -> list[str]:
    """Add entries until all the readers, who look from now on, have seen one."""
    ids: list[str] = []

    def done() -> bool:
        ids.append(plate.run("XADD", key, "*", "n", len(ids)))
        return all(reader.has_answer for reader in readers)

    eventually(done)
    return ids


def test_an_add_wakes_every_reader_in_whichever_process_blk_5_blk_18(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    readers = [
        Reader(threads, plate, streams=[{"key": "events", "id": "0"}]) for _ in range(READERS)
    ]
    added = plate.run("XADD", "events", "*", "n", "1")
    assert [reader.result() for reader in readers] == [{"events": [[added, ["n", "1"]]]}] * READERS


def test_dollar_is_what_the_stream_had_when_the_reader_came_blk_4(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    old = plate.run("XADD", "events", "*", "old", "1")
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "$"}])
    ids = add_until(plate, "events", [reader])
    entries = reader.result()["events"]
    assert entries
    assert {entry[0] for entry in entries} <= set(ids)
    assert old not in {entry[0] for entry in entries}


def test_an_explicit_id_is_not_answered_by_entries_up_to_it_blk_4(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XADD", "events", "1-0", "n", "1")
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "5-0"}])
    plate.run("XADD", "events", "5-0", "n", "2")
    plate.run("XADD", "events", "6-0", "n", "3")
    assert reader.result() == {"events": [["6-0", ["n", "3"]]]}


def test_plus_answers_at_once_where_there_is_an_entry_blk_4(plate: LivePlate) -> None:
    plate.run("XADD", "events", "1-0", "n", "1")
    plate.run("XADD", "events", "2-0", "n", "2")
    answer = plate.post(
        "/streams/read", {"streams": [{"key": "events", "id": "+"}], "block_ms": LONG_MS}
    )
    assert answer.json()["data"]["result"] == {"events": [["2-0", ["n", "2"]]]}


def test_plus_waits_for_a_first_entry_blk_4(plate: LivePlate, threads: ThreadPoolExecutor) -> None:
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "+"}])
    plate.post("/transaction", [["XADD", "events", f"{n}-0", "n", str(n)] for n in (1, 2, 3)])
    assert reader.result() == {"events": [["3-0", ["n", "3"]]]}


def test_what_one_transaction_adds_arrives_in_one_reply_blk_7(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    streams = [{"key": "events", "id": "0"}, {"key": "audit", "id": "0"}]
    reader = Reader(threads, plate, streams=streams)
    plate.post(
        "/transaction", [["XADD", "events", "1-0", "n", "1"], ["XADD", "audit", "2-0", "n", "2"]]
    )
    assert reader.result() == {"events": [["1-0", ["n", "1"]]], "audit": [["2-0", ["n", "2"]]]}


def test_an_entry_that_came_and_went_wakes_nobody_blk_8(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "0"}])
    plate.post("/transaction", [["XADD", "events", "1-0", "n", "1"], ["XDEL", "events", "1-0"]])
    plate.run("XADD", "events", "MAXLEN", "0", "2-0", "n", "2")
    plate.run("XADD", "events", "3-0", "n", "3")
    assert reader.result() == {"events": [["3-0", ["n", "3"]]]}


def test_a_woken_reader_gets_everything_without_a_count_blk_9(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "0"}])
    entries = [{"values": {"n": n}} for n in range(1500)]
    ids = plate.post("/streams/add", {"key": "events", "entries": entries}).json()["data"]["result"]
    assert [entry[0] for entry in reader.result()["events"]] == ids


def test_a_deleted_and_recreated_stream_answers_only_above_the_frozen_id_blk_10(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    plate.run("XADD", "events", "5-0", "n", "1")
    reader = Reader(threads, plate, streams=[{"key": "events", "id": "5-0"}])
    assert plate.request("DELETE", "/streams/events").json()["data"]["result"] == 1
    plate.run("XADD", "events", "1-0", "n", "2")
    plate.run("XADD", "events", "9-0", "n", "3")
    assert reader.result() == {"events": [["9-0", ["n", "3"]]]}


@pytest.mark.parametrize("block_ms", [1, 150])
def test_the_time_runs_out_with_null_blk_1(plate: LivePlate, block_ms: int) -> None:
    started = time.monotonic()
    answer = plate.post("/streams/read", {"streams": [{"key": "none"}], "block_ms": block_ms})
    assert answer.json() == {"ok": True, "data": {"result": None}}
    assert time.monotonic() - started >= block_ms / 1000


def test_it_answers_at_once_what_is_there_already_blk_1(plate: LivePlate) -> None:
    added = plate.run("XADD", "events", "*", "n", "1")
    answer = plate.post(
        "/streams/read", {"streams": [{"key": "events", "id": "0"}], "block_ms": LONG_MS}
    )
    assert answer.json()["data"]["result"] == {"events": [[added, ["n", "1"]]]}


@pytest.mark.parametrize("path", ["/pipeline", "/transaction"])
def test_block_in_a_batch_answers_null_at_once_blk_2(plate: LivePlate, path: str) -> None:
    answer = plate.post(path, [["XREAD", "BLOCK", "0", "STREAMS", "none", "$"]])
    assert answer.json() == {"ok": True, "data": [None]}


def test_the_cap_is_reported_and_bounds_block_0(plate: LivePlate) -> None:
    answer = plate.post("/streams/read", {"streams": [{"key": "none"}], "block_ms": 1})
    assert answer.headers["X-Max-Block-Ms"] == "60000"


def test_readers_asleep_hold_no_connection(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    readers = [
        Reader(threads, plate, streams=[{"key": "events", "id": "0"}]) for _ in range(READERS)
    ]
    # While they sleep everybody else is served, as often as one likes.
    for _ in range(50):
        assert plate.run("XLEN", "events") == 0
    added = plate.run("XADD", "events", "*", "n", "1")
    assert {reader.result()["events"][0][0] for reader in readers} == {added}
