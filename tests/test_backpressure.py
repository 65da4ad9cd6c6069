"""Bounds on what is under way: what is above them is refused at once, the rest completes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from django.test import override_settings

from streams.domain.errors import TooManyRequests, Unavailable
from streams.domain.plates import PlateId
from streams.rounds.bounds import Bound
from tests.polling import eventually
from tests.servers import LivePlate, Server
from tests.tails import tail

PER_PLATE = 4
PER_PROCESS = 6
TOO_MANY = 10

Answers = list[Future[httpx.Response]]


# One worker with narrow bounds.
pytestmark = pytest.mark.own_server(
    WEB_CONCURRENCY="1",
    STREAMS_MAX_QUEUED_APPENDS=str(PER_PROCESS),
    STREAMS_MAX_QUEUED_APPENDS_PER_PLATE=str(PER_PLATE),
    STREAMS_MAX_BLOCKED_READERS=str(PER_PROCESS),
    STREAMS_MAX_BLOCKED_READERS_PER_PLATE=str(PER_PLATE),
)


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return live_plate()


@pytest.fixture
def other_plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return live_plate()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2 * TOO_MANY + PER_PROCESS) as executor:
        yield executor


def add(plate: LivePlate, key: str = "events") -> httpx.Response:
    return plate.post("/streams/add", {"key": key, "values": {"f": "v"}})


def read(plate: LivePlate) -> httpx.Response:
    body = {"streams": [{"key": "events", "id": "0"}], "block_ms": 25_000}
    return plate.post("/streams/read", body)


def first_refused(answers: Answers, count: int) -> tuple[list[httpx.Response], Answers]:
    """The first so many answers, which come while all others wait; and those others."""
    waiting, answered = set(answers), list[httpx.Response]()
    deadline = time.monotonic() + 10
    while len(answered) < count:
        done, waiting = wait(
            waiting, timeout=deadline - time.monotonic(), return_when=FIRST_COMPLETED
        )
        assert done, f"only {len(answered)} were refused"
        answered += [future.result() for future in done]
    assert len(answered) == count
    return answered, list(waiting)


def assert_refused(answers: list[httpx.Response], status: int, code: str) -> None:
    """All are that refusal, and say when to come again."""
    assert [answer.status_code for answer in answers] == [status] * len(answers)
    assert {answer.json()["error"]["code"] for answer in answers} == {code}
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}


@contextmanager
def held(server: Server, plate: LivePlate, threads: ThreadPoolExecutor) -> Iterator[Answers]:
    """An append that waits for its stream, and any other behind it; gives way at the end."""
    assert add(plate, "held").status_code == 200
    lock = """
        SELECT stream.id
        FROM stream
        JOIN plate ON plate.id = stream.plate_id
        WHERE plate.name = %s AND stream.key = 'held'
        FOR UPDATE OF stream
    """
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        assert connection.execute(lock, [plate.name]).fetchone()
        first = threads.submit(add, plate, "held")
        eventually(lambda: _waits_for_a_lock(server))
        yield [first]
        assert not first.done()
        connection.rollback()


def _waits_for_a_lock(server: Server) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    mine = " AND datname = current_database()"
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        row = connection.execute(query + mine).fetchone()
        return bool(row and row[0])


# Appends


def test_it_works(server: Server, plate: LivePlate, threads: ThreadPoolExecutor) -> None:
    with held(server, plate, threads) as accepted:
        answers = [threads.submit(add, plate) for _ in range(TOO_MANY)]
        refused, waiting = first_refused(answers, TOO_MANY - (PER_PLATE - 1))
        assert_refused(refused, 429, "rate_limited")
        accepted = accepted + waiting
    assert [future.result().status_code for future in accepted] == [200] * PER_PLATE
    # Nothing of what was refused was added, and all of what was accepted.
    assert plate.run("XLEN", "held") == 2
    assert plate.run("XLEN", "events") == PER_PLATE - 1


def test_the_appends_of_transactions_count_as_well(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    transaction = [["XADD", "held", "*", "f", "v"]]
    with held(server, plate, threads) as accepted:
        answers = [threads.submit(plate.post, "/transaction", transaction) for _ in range(TOO_MANY)]
        refused, waiting = first_refused(answers, TOO_MANY - (PER_PLATE - 1))
        assert_refused(refused, 429, "rate_limited")
        accepted = accepted + waiting
    assert [future.result().status_code for future in accepted] == [200] * PER_PLATE
    assert plate.run("XLEN", "held") == 1 + PER_PLATE


def test_another_plate_gets_in_until_the_process_is_full(
    server: Server, plate: LivePlate, other_plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    with held(server, plate, threads) as accepted:
        own = [threads.submit(add, plate) for _ in range(TOO_MANY)]
        _, own_waiting = first_refused(own, TOO_MANY - (PER_PLATE - 1))
        others = [threads.submit(add, other_plate) for _ in range(TOO_MANY)]
        refused, others_waiting = first_refused(others, TOO_MANY - (PER_PROCESS - PER_PLATE))
        assert_refused(refused, 503, "unavailable")
        accepted = accepted + own_waiting + others_waiting
    assert [future.result().status_code for future in accepted] == [200] * PER_PROCESS
    assert other_plate.run("XLEN", "events") == PER_PROCESS - PER_PLATE


def test_there_is_room_again_afterwards(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    for _ in range(2):
        with held(server, plate, threads) as accepted:
            answers = [threads.submit(add, plate) for _ in range(TOO_MANY)]
            _, waiting = first_refused(answers, TOO_MANY - (PER_PLATE - 1))
        wait(accepted + waiting)


def test_entries_count_not_requests(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    entries = [{"values": {"f": "v"}}] * PER_PLATE
    with held(server, plate, threads):
        refused = plate.post("/streams/add", {"key": "events", "entries": entries})
        assert_refused([refused], 429, "rate_limited")
        fitting = threads.submit(
            plate.post, "/streams/add", {"key": "events", "entries": entries[1:]}
        )
    assert fitting.result().status_code == 200
    assert plate.run("XLEN", "events") == PER_PLATE - 1


def test_alone_any_batch_gets_in(plate: LivePlate) -> None:
    entries = [{"values": {"f": "v"}}] * (PER_PROCESS + 1)
    answer = plate.post("/streams/add", {"key": "events", "entries": entries})
    assert answer.status_code == 200


def test_a_pipeline_is_refused_as_a_whole_only_before_anything_ran(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    adds: list[Any] = [["XADD", "events", "*", "f", "v"]] * PER_PLATE
    with held(server, plate, threads):
        assert_refused([plate.request("POST", "/pipeline", json=adds)], 429, "rate_limited")
        mixed = [["XLEN", "held"], *adds, ["XLEN", "events"]]
        answer = plate.request("POST", "/pipeline", json=mixed)
    assert answer.status_code == 200
    length, *outcomes, after = answer.json()["data"]
    assert (length, after) == (1, 0)
    assert [set(outcome) for outcome in outcomes] == [{"error"}] * PER_PLATE


def test_what_does_not_append_is_served_meanwhile(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    with held(server, plate, threads):
        answers = [threads.submit(add, plate) for _ in range(TOO_MANY)]
        first_refused(answers, TOO_MANY - (PER_PLATE - 1))
        assert plate.run("XLEN", "held") == 1
        assert len(plate.run("XRANGE", "held", "-", "+")) == 1


# Readers


def test_blocked_readers_above_the_plates_bound_are_refused(
    plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    answers = [threads.submit(read, plate) for _ in range(TOO_MANY)]
    refused, waiting = first_refused(answers, TOO_MANY - PER_PLATE)
    assert_refused(refused, 429, "rate_limited")
    assert_refused([_group_read(plate)], 429, "rate_limited")
    assert_refused([plate.request("GET", "/streams/tail/events")], 429, "rate_limited")
    # Who does not wait is served.
    assert plate.post("/streams/read", {"streams": [{"key": "events"}]}).status_code == 200
    entry_id = add(plate).json()["data"]["result"]
    for future in waiting:
        assert future.result().json()["data"]["result"] == {"events": [[entry_id, ["f", "v"]]]}


def test_another_plates_readers_get_in_until_the_process_is_full(
    plate: LivePlate, other_plate: LivePlate, threads: ThreadPoolExecutor
) -> None:
    own = [threads.submit(read, plate) for _ in range(TOO_MANY)]
    _, own_waiting = first_refused(own, TOO_MANY - PER_PLATE)
    others = [threads.submit(read, other_plate) for _ in range(TOO_MANY)]
    refused, others_waiting = first_refused(others, TOO_MANY - (PER_PROCESS - PER_PLATE))
    assert_refused(refused, 503, "unavailable")
    add(plate)
    add(other_plate)
    for future in own_waiting + others_waiting:
        assert len(future.result().json()["data"]["result"]["events"]) == 1


def test_a_tail_counts_from_its_opening_to_its_end(plate: LivePlate) -> None:
    with ExitStack() as stack:
        tails = [stack.enter_context(tail(plate, "/events")) for _ in range(PER_PLATE)]
        for opened in tails:
            opened.opening()
        assert_refused([plate.request("GET", "/streams/tail/events")], 429, "rate_limited")
        add(plate)
        for opened in tails:
            opened.events(1)
        # Also while it has entries, and those that are open stay so.
        assert_refused([read_new(plate)], 429, "rate_limited")
        entry_id = add(plate).json()["data"]["result"]
        assert [opened.ids(1) for opened in tails] == [[entry_id]] * PER_PLATE
    eventually(lambda: _opens_a_tail(plate))


def test_a_reader_whose_client_has_left_makes_room(plate: LivePlate) -> None:
    for _ in range(PER_PLATE):
        with pytest.raises(httpx.ReadTimeout):
            eventually(lambda: _is_let_in_and_leaves(plate))
    eventually(lambda: _opens_a_tail(plate))


def _is_let_in_and_leaves(plate: LivePlate) -> bool:
    """False if tails of the test before are still in the way; ReadTimeout if not."""
    body = {"streams": [{"key": "events"}], "block_ms": 60_000}
    timeout = httpx.Timeout(30, read=0.2)
    return plate.request("POST", "/streams/read", json=body, timeout=timeout).status_code != 503


def test_tails_that_were_refused_or_asked_for_by_head_leave_nothing_behind(
    plate: LivePlate,
) -> None:
    for _ in range(2 * PER_PROCESS):
        assert plate.request("HEAD", "/streams/tail/events").status_code == 200
        assert plate.request("GET", "/streams/tail/events?from=x").status_code == 400
    assert _opens_a_tail(plate)


# The bound itself


@override_settings(STREAMS_MAX_BLOCKED_READERS=3, STREAMS_MAX_BLOCKED_READERS_PER_PLATE=2)
def test_both_sides_of_both_bounds() -> None:
    bound = Bound(
        "things",
        per_process="STREAMS_MAX_BLOCKED_READERS",
        per_plate="STREAMS_MAX_BLOCKED_READERS_PER_PLATE",
    )
    one, other = PlateId(1), PlateId(2)
    with bound.admitted(one, 2):
        with pytest.raises(TooManyRequests), bound.admitted(one):
            pass
        with bound.admitted(other), pytest.raises(Unavailable), bound.admitted(other):
            pass
        with bound.admitted(other):
            pass
    with bound.admitted(one, 99):
        pass


def read_new(plate: LivePlate) -> httpx.Response:
    """A read that would have to wait."""
    return plate.post("/streams/read", {"streams": [{"key": "events"}], "block_ms": 25_000})


def _group_read(plate: LivePlate) -> httpx.Response:
    plate.run("XGROUP", "CREATE", "grouped", "g", "$", "MKSTREAM")
    body = {"group": "g", "consumer": "c", "streams": [{"key": "grouped"}], "block_ms": 25_000}
    return plate.post("/streams/groups/read", body)


def _opens_a_tail(plate: LivePlate) -> bool:
    with plate.http.stream("GET", f"/{plate.name}/streams/tail/events") as response:
        return response.status_code == 200
