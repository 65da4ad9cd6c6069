"""Run a transaction again if PostgreSQL has aborted it because of another one.

A single statement is a transaction, too. Even one that only reads may be aborted: on a standby, if
it is in the way of what the standby replays.
"""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from streams.domain.errors import Unavailable
from streams.store import session
from streams.store.errors import Conflict

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

TRY_SECONDS = 10.0
"""For how long a transaction is repeated. Mostly the second attempt succeeds."""


def again_after_conflict(
    work: Callable[Parameters, Awaitable[Result]],
) -> Callable[Parameters, Awaitable[Result]]:
    """Decorate a function that runs one transaction, so that it runs again after each Conflict.

    A Conflict leaves nothing changed. Raises Unavailable if there are still conflicts after
    `TRY_SECONDS`. Inside another transaction it raises the Conflict at once, because that
    transaction must be repeated as a whole.
    """

    @wraps(work)
    async def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        return await repeated(work, *arguments, **options)

    return run


async def repeated(
    work: Callable[Parameters, Awaitable[Result]],
    *arguments: Parameters.args,
    **options: Parameters.kwargs,
) -> Result:
    """Run it once, as the decorated function does."""
    if session.in_transaction():
        return await work(*arguments, **options)
    deadline = time.monotonic() + TRY_SECONDS
    while True:
        try:
            return await work(*arguments, **options)
        except Conflict as conflict:
            if time.monotonic() > deadline:
                busy = "too many transactions are in each other's way"
                raise Unavailable(busy) from conflict
