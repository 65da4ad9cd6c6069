"""How statements reach PostgreSQL.

A statement outside `transaction` takes a connection of the pool and commits by itself. A
transaction is a psycopg pipeline: statements whose answer is not needed, or not yet (`defer`),
travel together with the next one whose answer is. So "lock, look, write, commit" takes two round
trips. Each statement still sees what was committed before it began. A transaction inside another
joins it.

What a transaction holds belongs to the task that runs it, and to what that task awaits.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from streams.domain.plates import PlateId
from streams.store import pool
from streams.store.errors import driver_errors_translated

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]

Result = TypeVar("Result")
Other = TypeVar("Other")


class Statement(NamedTuple):
    """A statement with its parameters."""

    text: str
    parameters: Parameters | None


Fetch = Callable[[Statement], Awaitable[list[Row]]]
"""Runs a statement, in whatever way, and gives its rows."""


class _Transaction:
    """What a transaction under way holds."""

    __slots__ = ("after_commit", "connection", "placeholders")

    def __init__(self, connection: pool.Connection) -> None:
        self.connection = connection
        self.after_commit: list[Callable[[], None]] = []
        # Rows of streams that do not exist yet, by id, with their plates (`operations.locking`).
        self.placeholders: dict[int, PlateId] = {}


_current: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)
_fetch: ContextVar[Fetch | None] = ContextVar("fetch", default=None)


def in_transaction() -> bool:
    """Whether the caller runs inside `transaction`."""
    return _current.get() is not None


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """Run the body as one transaction: at its end all is committed to disk, or nothing.

    Raises what `store.errors` makes of the driver's errors. After Unavailable it is not known
    whether the transaction was committed; after any other error it was not.
    """
    if in_transaction():
        yield
        return
    with driver_errors_translated():
        async with pool.connection() as raw:
            held = _Transaction(raw)
            entered = _current.set(held)
            try:
                async with _begun(raw):
                    yield
            finally:
                _current.reset(entered)
    for hook in held.after_commit:
        hook()


def after_commit(hook: Callable[[], None]) -> None:
    """Call the hook once the current transaction is committed; never if it is not.

    Outside a transaction everything is committed already, so the hook is called at once.
    """
    if held := _current.get():
        held.after_commit.append(hook)
    else:
        hook()


def placeholders() -> dict[int, PlateId]:
    """The placeholders of streams in the current transaction, by id; the caller may change this."""
    held = _current.get()
    return held.placeholders if held else {}


async def execute(statement: str, parameters: Parameters | None = None) -> None:
    """Run a statement whose rows, if any, are not needed."""
    with driver_errors_translated():
        if held := _current.get():
            await held.connection.execute(statement, parameters, prepare=True)
            return
        async with pool.connection() as raw:
            await raw.execute(statement, parameters, prepare=True)


async def fetch_all(statement: str, parameters: Parameters | None = None) -> list[Row]:
    """Run a statement and return its rows."""
    held = _current.get()
    if held is None and (fetch := _fetch.get()):
        return await fetch(Statement(statement, parameters))
    with driver_errors_translated():
        if held:
            cursor = await held.connection.execute(statement, parameters, prepare=True)
            return await cursor.fetchall()
        async with pool.connection() as raw:
            cursor = await raw.execute(statement, parameters, prepare=True)
            return await cursor.fetchall()


async def fetch_one(statement: str, parameters: Parameters | None = None) -> Row | None:
    """Run a statement and return its first row, or None."""
    rows = await fetch_all(statement, parameters)
    return rows[0] if rows else None


class Deferred(Generic[Result]):
    """The result of a statement whose answer may not have arrived yet."""

    def __init__(self, wait: Callable[[], Awaitable[Result]]) -> None:
        self._wait = wait

    async def result(self) -> Result:
        """Wait for the statement's result."""
        return await self._wait()

    def then(self, convert: Callable[[Result], Other]) -> "Deferred[Other]":
        """The converted result; `convert` is called when the result is waited for."""

        async def converted() -> Other:
            return convert(await self._wait())

        return Deferred(converted)


async def defer(statement: str, parameters: Parameters | None = None) -> Deferred[list[Row]]:
    """Send a statement of a transaction without waiting for its rows.

    It shares a round trip with all that is sent before its rows are waited for. If the caller waits
    for them only after the transaction's end, the statement travels with the COMMIT.
    """
    held = _current.get()
    assert held is not None, "a statement can only be deferred inside a transaction"
    with driver_errors_translated():
        cursor = await held.connection.execute(statement, parameters, prepare=True)
    return Deferred(lambda: _rows_of(cursor))


async def stream(
    statement: str, parameters: Parameters, *, rows_at_once: int
) -> AsyncGenerator[list[Row], None]:
    """Run a statement with any number of rows, from one snapshot, and fetch them in parts.

    Holds a connection until the last row is fetched or the iterator is closed. Inside a
    `transaction`, which is a pipeline and allows no server-side cursor, all rows come at once.
    """
    if in_transaction():
        yield await fetch_all(statement, parameters)
        return
    with driver_errors_translated():
        async with (
            pool.connection() as raw,
            raw.transaction(),
            raw.cursor(name="stream") as cursor,
        ):
            await cursor.execute(statement, parameters)
            while rows := await cursor.fetchmany(rows_at_once):
                yield rows


async def fetch_together(statements: Sequence[Statement]) -> list[list[Row]]:
    """Run statements that change nothing; returns the rows of each. All of one text share a trip.

    Each sees what was committed before it began. If one fails, none has a result.
    """
    indexes_by_text: dict[str, list[int]] = {}
    for index, statement in enumerate(statements):
        indexes_by_text.setdefault(statement.text, []).append(index)
    found: list[list[Row]] = [[] for _ in statements]
    with driver_errors_translated():
        async with pool.connection() as raw:
            for text, indexes in indexes_by_text.items():
                cursor = raw.cursor()
                # The driver sends them as one pipeline, and waits for the socket once for all.
                parameters = [statements[index].parameters or {} for index in indexes]
                await cursor.executemany(text, parameters, returning=True)
                for index in indexes:
                    found[index] = await cursor.fetchall()
                    cursor.nextset()
    return found


@contextmanager
def fetched_by(fetch: Fetch) -> Iterator[None]:
    """In the body, statements outside of transactions are given to `fetch`."""
    entered = _fetch.set(fetch)
    try:
        yield
    finally:
        _fetch.reset(entered)


async def _rows_of(cursor: psycopg.AsyncCursor[Row]) -> list[Row]:
    with driver_errors_translated():
        return await cursor.fetchall()


@asynccontextmanager
async def _begun(raw: pool.Connection) -> AsyncIterator[None]:
    try:
        async with raw.pipeline():
            await raw.execute("BEGIN")
            yield
            await raw.execute("COMMIT")
    except BaseException:
        if not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE:
            await raw.execute("ROLLBACK")
        raise
