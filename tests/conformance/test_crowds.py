"""Readers that block together are answered as on a real Redis, on two worker processes.

Its recorded outcomes are compared. With REDIS_URL it is asked whether they are still the same, and
CROWDS=500 beside it compares so many new scenarios.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conformance.blocking import Step
from tests.conformance.crowds import (
    MOST_READERS,
    RECORD,
    RECORDED_CROWDS,
    Outcome,
    crowd,
    outcomes_of_redis,
    recorded,
)
from tests.conformance.over_http import reply_in, send
from tests.servers import LivePlate, Server
from tests.waiting_line import once_in_line

RECORDED = RECORD.read()
NEW_CROWDS = int(os.environ.get("CROWDS", "0"))

needs_redis = pytest.mark.skipif(
    "REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask"
)

Compare = Callable[[list[Step], list[Outcome]], None]


class Blocked:
    """The readers of a plate that have had no answer, by step."""

    def __init__(self, server: Server, plate: LivePlate, threads: ThreadPoolExecutor) -> None:
        self._server = server
        self._plate = plate
        self._threads = threads
        self._answers: dict[int, Future[httpx.Response]] = {}

    def begin(self, number: int, step: Step) -> None:
        """Have a reader read; it stands in line once this returns, or is answered."""
        words = step.commands[0]
        groups = words[words.index("STREAMS") :].count(">")
        self._answers[number] = once_in_line(
            self._server,
            self._plate,
            groups,
            lambda: self._threads.submit(send, self._plate, words),
        )

    def answer(self, number: int) -> Any:
        """The reply of a reader that is to be answered by now."""
        return reply_in(self._answers.pop(number).result(timeout=30))


@pytest.fixture
def compare(server: Server, live_plate: Callable[[], LivePlate]) -> Iterator[Compare]:
    """Runs a scenario on a fresh plate, and compares what happens step by step."""
    with ThreadPoolExecutor(MOST_READERS) as threads:

        def run(steps: list[Step], expected: list[Outcome]) -> None:
            plate = live_plate()
            blocked = Blocked(server, plate, threads)
            for number, (step, (reply, answers)) in enumerate(zip(steps, expected, strict=True)):
                so_far = f"step {number}: {step}"
                if step.blocks:
                    blocked.begin(number, step)
                else:
                    assert _reply(plate, step) == reply, so_far
                for reader, answer in answers:
                    assert blocked.answer(reader) == answer, f"{so_far}, reader {reader}"

        yield run


def _reply(plate: LivePlate, step: Step) -> Any:
    if len(step.commands) > 1:
        return plate.post("/transaction", list(step.commands)).json()["data"]
    return reply_in(send(plate, step.commands[0]))


@pytest.mark.parametrize("seed", range(RECORDED_CROWDS))
def test_it_happens_as_it_did_on_redis(seed: int, compare: Compare) -> None:
    compare(crowd(seed), RECORDED[seed])


@needs_redis
def test_it_still_happens_so_on_redis() -> None:
    assert list(recorded(os.environ["REDIS_URL"])) == RECORDED


@needs_redis
@pytest.mark.parametrize("seed", [secrets.randbits(32) for _ in range(NEW_CROWDS)])
def test_new_scenarios_happen_as_on_redis(seed: int, compare: Compare) -> None:
    steps = crowd(seed)
    compare(steps, outcomes_of_redis(os.environ["REDIS_URL"], steps))
