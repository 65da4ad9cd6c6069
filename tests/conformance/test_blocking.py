"""Scenarios of blocked readers end as on a real Redis, on two worker processes.

Its recorded replies are compared; with REDIS_URL it is asked whether it still gives them.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conformance.blocking import RECORD, SCENARIOS, Scenario, replies_of_redis
from tests.conformance.over_http import reply_in, send
from tests.conformance.words import Words
from tests.servers import LivePlate, Server
from tests.waiting_line import once_in_line

MOST_READERS = 4
ANSWER_SECONDS = 30


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MOST_READERS) as executor:
        yield executor


def our_replies(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor, wanted: Scenario
) -> list[Any]:
    """What the service replies to the steps."""
    replies: list[Any] = []
    for step in wanted.steps:
        if step.after is not None:
            replies[step.after].result(timeout=ANSWER_SECONDS)
        if step.blocks:
            replies.append(_block(server, plate, threads, step.commands[0]))
        elif len(step.commands) > 1:
            replies.append(plate.post("/transaction", list(step.commands)).json()["data"])
        else:
            replies.append(reply_in(send(plate, step.commands[0])))
    return [
        reply_in(reply.result(timeout=ANSWER_SECONDS)) if isinstance(reply, Future) else reply
        for reply in replies
    ]


def _block(
    server: Server, plate: LivePlate, threads: ThreadPoolExecutor, words: Words
) -> Future[httpx.Response]:
    # An XREAD stands in no line. One that looks later finds the same: those here read from IDs.
    groups = words[words.index("STREAMS") :].count(">")
    return once_in_line(server, plate, groups, lambda: threads.submit(send, plate, words))


@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=[s.facts for s in SCENARIOS])
def test_it_ends_as_on_redis(
    number: int,
    server: Server,
    live_plate: Callable[[], LivePlate],
    threads: ThreadPoolExecutor,
) -> None:
    wanted = SCENARIOS[number]
    expected = wanted.expected(RECORD.read()[number])
    assert our_replies(server, live_plate(), threads, wanted) == expected


@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask")
def test_redis_replies_as_recorded() -> None:
    replies = [replies_of_redis(os.environ["REDIS_URL"], wanted) for wanted in SCENARIOS]
    assert replies == RECORD.read()
