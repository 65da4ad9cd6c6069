"""Waiting in tests: for what becomes true, up to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

PAUSE_SECONDS = 0.02


def eventually(attempt: Callable[[], Result | None], *, within_seconds: float = 10) -> Result:
    """The first true result of the attempt; fails if there is none in time."""
    deadline = time.monotonic() + within_seconds
    while True:
        # The last attempt begins after the deadline, whatever held up those before.
        is_last = time.monotonic() >= deadline
        result = attempt()
        if result:
            return result
        assert not is_last, f"not true within {within_seconds} s: {attempt}"
        time.sleep(PAUSE_SECONDS)
