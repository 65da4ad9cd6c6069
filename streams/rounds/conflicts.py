"""What PostgreSQL ends because two transactions are in each other's way is done again."""

import time
from collections.abc import Callable
from typing import TypeVar

from streams.domain.errors import Unavailable
from streams.store import session
from streams.store.errors import Conflict

Result = TypeVar("Result")

TRY_SECONDS = 10.0
"""How long work is begun again. Mostly the second time succeeds."""


def tried_again(work: Callable[[], Result]) -> Result:
    """What the work gives, tried again while it meets a Conflict, which leaves nothing done.

    The work is all of a transaction. Inside a transaction, which must be tried again as a whole,
    a Conflict is raised at once. Raises Unavailable after `TRY_SECONDS`.
    """
    if session.in_transaction():
        return work()
    deadline = time.monotonic() + TRY_SECONDS
    while True:
        try:
            return work()
        except Conflict as conflict:
            if time.monotonic() > deadline:
                busy = "too many transactions are in each other's way"
                raise Unavailable(busy) from conflict
