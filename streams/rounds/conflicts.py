"""Run a transaction again that PostgreSQL has ended because of another one."""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from streams.domain.errors import Unavailable
from streams.store import session
from streams.store.errors import Conflict

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

TRY_SECONDS = 10.0
"""For how long a transaction is begun again. Mostly the second attempt succeeds."""


def again_after_conflict(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a function that runs one transaction: a Conflict, which changes nothing, repeats it.

    Inside another transaction, which must be repeated as a whole, the Conflict is raised at once.
    The function raises Unavailable after `TRY_SECONDS`.
    """

    @wraps(work)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        if session.in_transaction():
            return work(*arguments, **options)
        deadline = time.monotonic() + TRY_SECONDS
        while True:
            try:
                return work(*arguments, **options)
            except Conflict as conflict:
                if time.monotonic() > deadline:
                    busy = "too many transactions are in each other's way"
                    raise Unavailable(busy) from conflict

    return run
