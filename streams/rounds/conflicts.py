"""Work that PostgreSQL aborts, because two transactions are in each other's way, is tried again."""

import time
from collections.abc import Callable
from typing import TypeVar

from streams.domain.errors import Unavailable
from streams.store import session
from streams.store.errors import Conflict

Result = TypeVar("Result")

TRY_SECONDS = 10.0
"""How long conflicting work is tried again. Mostly the second attempt succeeds."""


def tried_again(work: Callable[[], Result]) -> Result:
    """Do the work, which is a whole transaction, again after each Conflict; returns its result.

    A Conflict leaves nothing changed. Raises Unavailable if there are still conflicts after
    `TRY_SECONDS`. Inside an outer transaction it raises Conflict at once, because that transaction
    must be tried again as a whole.
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
