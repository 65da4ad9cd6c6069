"""The event loop of the test's own process: coroutines run there, and tests wait for them."""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")

DEADLINE_SECONDS = 120


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in the loop; returns its result, or raises its error."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(DEADLINE_SECONDS)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all tests, like a worker's. It ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
    return loop
