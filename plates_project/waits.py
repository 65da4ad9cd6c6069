"""Makes the driver wait for PostgreSQL in gevent's loop, and only when it must.

psycopg's own wait uses gevent's emulation of `select.poll`. That creates a watcher, an event and a
timer for each wait, even to write to a socket, which is nearly always possible at once. With the
wait of this module a short transaction costs the worker half the time:
docs/decisions/short-waits.md.
"""

import time

import gevent
from gevent import monkey
from psycopg import errors, waiting
from psycopg.abc import RV, PQGen
from psycopg.waiting import READY_NONE, READY_R, READY_W, WAIT_R, WAIT_W

# The real functions, not those of gevent: with them a look at the socket never waits.
_poll = monkey.get_original("select", "poll")
_IN, _OUT = monkey.get_original("select", "POLLIN"), monkey.get_original("select", "POLLOUT")


def install() -> None:
    """Make every connection of this process use `wait`."""
    waiting.wait = wait


def wait(gen: PQGen[RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """Run the driver's steps to their result, and wait for the socket where a step asks for it.

    A wait ends after `interval` at the latest, so that the step can check other things. Times are
    in seconds. Raises the driver's errors, for a timeout too.
    """
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    try:
        wanted = next(gen)
        while True:
            ready = _ready_now(fileno, wanted) if wanted & WAIT_W else READY_NONE
            wanted = gen.send(ready or _ready_later(fileno, wanted, interval, deadline))
            if time.monotonic() >= deadline:
                raise errors._WaitTimeout("wait timeout expired")  # noqa: SLF001
    except StopIteration as end:
        result: RV = end.value
        return result
    except OSError as error:
        raise errors.OperationalError("connection socket closed") from error


def _ready_now(fileno: int, wanted: int) -> int:
    poll = _poll()
    poll.register(fileno, (_IN if wanted & WAIT_R else 0) | (_OUT if wanted & WAIT_W else 0))
    for _, events in poll.poll(0):
        if events & ~(_IN | _OUT):
            return wanted  # The connection is broken; the step finds out why.
        return (READY_R if events & _IN else READY_NONE) | (READY_W if events & _OUT else 0)
    return READY_NONE


def _ready_later(fileno: int, wanted: int, interval: float, deadline: float) -> int:
    hub = gevent.get_hub()
    watcher = hub.loop.io(fileno, wanted)
    try:
        # False means that this timeout ends the block without an exception.
        with gevent.Timeout(min(interval, deadline - time.monotonic()), False):  # type: ignore[arg-type]
            hub.wait(watcher)
            if wanted == WAIT_R:
                return READY_R
    finally:
        watcher.close()
    return _ready_now(fileno, wanted)
