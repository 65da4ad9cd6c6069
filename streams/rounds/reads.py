"""Short reads of many callers, sent to the database together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from streams.domain.plates import PlateId
from streams.rounds.gathering import Rounds
from streams.store import session
from streams.store.session import Row, Statement

MAX_READS_IN_A_ROUND = 32
"""How many statements one round has at most: the worker holds the rows of all of them."""


@contextmanager
def gathered(plate: PlateId) -> Iterator[None]:
    """In the body, each statement outside of transactions goes into a round of reads.

    For statements that read a few rows by their keys. A long one would hold up the others.
    """
    with session.fetched_by(partial(_fetch, plate)):
        yield


async def _fetch(plate: PlateId, statement: Statement) -> list[Row]:
    return (await _rounds.do(plate, [statement]))[0]


async def _read(statements: Sequence[Statement]) -> list[list[Row]]:
    return await session.fetch_together(statements)


_rounds: Rounds[Statement, list[Row]] = Rounds(_read, round_limit=MAX_READS_IN_A_ROUND)
