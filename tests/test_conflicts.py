"""Transactions that are in each other's way: each has its outcome, and no client notices."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.api import Api
from tests.connections import connect
from tests.polling import eventually

LOCK = "SELECT FROM stream WHERE key = %s FOR UPDATE"
LOCK_TABLE = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE"
LOCK_GROUP = """
    SELECT
    FROM consumer_group
    WHERE stream_id = (SELECT id FROM stream WHERE key = %s)
    FOR UPDATE
"""
MOVE_GROUP = """
    UPDATE consumer_group
    SET last_delivered_ms = 100
    WHERE stream_id = (SELECT id FROM stream WHERE key = %s)
"""
PLACE = """
    SELECT waiting_reader.id, consumer.seen_at
    FROM waiting_reader
    JOIN consumer USING (plate_id, group_id)
    JOIN consumer_group ON consumer_group.id = group_id
    JOIN stream ON stream.id = stream_id
    WHERE stream.key = %s
"""
SOMEBODY_WAITS = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


def once_the_service_gives_way(attempt: Callable[[], None]) -> None:
    """Repeat a deadlock until PostgreSQL ends the service's transaction, not the test's.

    PostgreSQL looks for a deadlock one second after a transaction began to wait, and ends the one
    that looks. The service waits first; but if this test is held up for a second before it waits
    as well, the service's look finds no deadlock, and the test's own look finds it.
    """
    for _ in range(4):
        with suppress(psycopg.errors.DeadlockDetected):
            return attempt()
    return attempt()


def test_a_transaction_that_ends_in_a_deadlock_is_done_again(
    api: Api, threads: ThreadPoolExecutor
) -> None:
    def attempt() -> None:
        first, second = (f"{number}-{secrets.token_hex(4)}" for number in (1, 2))
        for key in (first, second):
            api.run("XADD", key, "1-0", "f", "v")
        with connect() as watching, connect() as other:
            other.autocommit = False
            other.execute(LOCK, [second.encode()])
            batch = [["XADD", key, "2-0", "f", "v"] for key in (first, second)]
            answer = threads.submit(api.post, "/transaction", batch)
            eventually(lambda: watching.execute(SOMEBODY_WAITS).rowcount)
            other.execute(LOCK, [first.encode()])
        assert answer.result().body == {"ok": True, "data": ["2-0", "2-0"]}
        assert api.run("XLEN", first) == api.run("XLEN", second) == 2

    once_the_service_gives_way(attempt)


def test_a_blocked_reader_that_ends_in_a_deadlock_keeps_its_place(
    api: Api, threads: ThreadPoolExecutor
) -> None:
    def attempt() -> None:
        first, second = (f"{number}-{secrets.token_hex(4)}" for number in (1, 2))
        for key in (first, second):
            api.run("XGROUP", "CREATE", key, "g", "$", "MKSTREAM")

        with connect() as watching, connect() as other:
            other.autocommit = False

            def place() -> Any:
                """Its number, and when the reader took a look under the locks."""
                return watching.execute(PLACE, [first.encode()]).fetchone()

            words = ("GROUP", "g", "a", "BLOCK", 20_000, "STREAMS", first, second, ">", ">")
            answer = threads.submit(api.run, "XREADGROUP", *words)
            before = eventually(place)
            other.execute(LOCK_GROUP, [second.encode()])
            api.run("XADD", first, "1-0", "f", "v")
            eventually(lambda: watching.execute(SOMEBODY_WAITS).rowcount)
            other.execute(MOVE_GROUP, [first.encode()])
            other.commit()
            eventually(lambda: (now := place()) and now[1] > before[1])
            assert place()[0] == before[0]
        api.run("XADD", first, "200-0", "f", "v")
        assert answer.result() == {first: [["200-0", ["f", "v"]]]}

    once_the_service_gives_way(attempt)


@pytest.mark.parametrize("words", ["XREAD STREAMS k 0", "XREAD BLOCK 9000 STREAMS k 0"])
def test_a_read_that_ends_in_a_deadlock_is_done_again(
    api: Api, threads: ThreadPoolExecutor, words: str
) -> None:
    def attempt() -> None:
        api.delete("/streams/k")
        api.run("XADD", "k", "1-0", "f", "v")
        with connect() as watching, connect() as other:
            other.autocommit = False
            # The read locks both tables, this one last.
            other.execute(LOCK_TABLE.format("entry"))
            answer = threads.submit(api.run, *words.split())
            eventually(lambda: watching.execute(SOMEBODY_WAITS).rowcount)
            other.execute(LOCK_TABLE.format("stream"))
            other.commit()
        assert answer.result() == {"k": [["1-0", ["f", "v"]]]}

    once_the_service_gives_way(attempt)


@pytest.mark.slow
def test_deletions_beside_transactions_over_several_streams_end_in_no_deadlock(
    api: Api, threads: ThreadPoolExecutor
) -> None:
    keys = ("k", "l", "m")

    def transact(number: int) -> set[int]:
        order = [keys[(number + n) % 3] for n in range(3)]
        batch = [
            command
            for key in order
            for command in (["XADD", key, "*", "f", "v"], ["XTRIM", key, "MAXLEN", "1"])
        ]
        return {api.post("/transaction", batch).status for _ in range(80)}

    def delete(number: int) -> set[int]:
        paths = [f"/streams/{keys[(number + n) % 3]}" for n in range(120)]
        return {api.delete(path).status for path in paths}

    work = [threads.submit(transact, n) for n in range(4)]
    work += [threads.submit(delete, n) for n in range(2)]
    assert set().union(*(done.result() for done in work)) == {200}
