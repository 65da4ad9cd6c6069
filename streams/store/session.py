"""How statements reach PostgreSQL: Django's pooled connection, psycopg underneath.

A statement outside `transaction` commits by itself. A transaction is a psycopg pipeline: statements
whose answer is not needed, or not yet (`defer`), travel together with the next one whose answer is.
So "lock, look, write, commit" takes two round trips. Each statement still sees what was committed
before it began. A transaction inside another joins it.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from psycopg.pq import TransactionStatus

from streams.domain.plates import PlateId
from streams.store.errors import driver_errors_translated

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]

Result = TypeVar("Result")
Other = TypeVar("Other")

NUMBERS = 2**30
"""How many numbers there are for connections, drawn at random, and for statements of each."""


class _Ambient(threading.local):
    """What the current transaction of this thread or greenlet holds."""

    after_commit: list[Callable[[], None]] | None = None
    # Rows of streams that do not exist yet, by id, with their plates (see `operations.locking`).
    placeholders: dict[int, PlateId]


_ambient = _Ambient()


def in_transaction() -> bool:
    """Whether the caller runs inside `transaction`."""
    return _ambient.after_commit is not None


@contextmanager
def transaction() -> Iterator[None]:
    """Run the body as one transaction: at its end all is committed to disk, or nothing.

    Raises what `store.errors` makes of the driver's errors. After Unavailable it is not known
    whether the transaction was committed; after any other error it was not.
    """
    if in_transaction():
        yield
        return
    hooks: list[Callable[[], None]] = []
    _ambient.after_commit = hooks
    _ambient.placeholders = {}
    try:
        with driver_errors_translated(), _begun():
            yield
    finally:
        _ambient.after_commit = None
    for hook in hooks:
        hook()


def after_commit(hook: Callable[[], None]) -> None:
    """Call the hook once the current transaction is committed; never if it is not.

    Outside a transaction everything is committed already, so the hook is called at once.
    """
    if _ambient.after_commit is None:
        hook()
    else:
        _ambient.after_commit.append(hook)


def placeholders() -> dict[int, PlateId]:
    """The placeholders of streams in the current transaction, by id; the caller may change this."""
    return _ambient.placeholders if in_transaction() else {}


def execute(statement: str, parameters: Parameters | None = None) -> None:
    """Run a statement whose rows, if any, are not needed."""
    with driver_errors_translated():
        _run(statement, parameters)


def fetch_all(statement: str, parameters: Parameters | None = None) -> list[Row]:
    """Run a statement and return its rows."""
    with driver_errors_translated():
        return _run(statement, parameters).fetchall()


def fetch_one(statement: str, parameters: Parameters | None = None) -> Row | None:
    """Run a statement and return its first row, or None."""
    with driver_errors_translated():
        return _run(statement, parameters).fetchone()


class Deferred(Generic[Result]):
    """The result of a statement whose answer may not have arrived yet."""

    def __init__(self, wait: Callable[[], Result]) -> None:
        self._wait = wait

    def result(self) -> Result:
        """Wait for the statement's result."""
        return self._wait()

    def then(self, convert: Callable[[Result], Other]) -> "Deferred[Other]":
        """The converted result; `convert` is called when the result is waited for."""
        return Deferred(lambda: convert(self._wait()))


def defer(statement: str, parameters: Parameters | None = None) -> Deferred[list[Row]]:
    """Send a statement without waiting for its rows.

    It shares a round trip with all that is sent before its rows are waited for. If the caller waits
    for them only after the transaction's end, the statement travels with the COMMIT.
    """
    with driver_errors_translated():
        cursor = _run(statement, parameters)

    def rows() -> list[Row]:
        with driver_errors_translated():
            return cursor.fetchall()

    return Deferred(rows)


def stream(statement: str, parameters: Parameters, *, rows_at_once: int) -> Iterator[list[Row]]:
    """Run a statement with any number of rows, from one snapshot, and fetch them in parts.

    Holds a connection until the last row is fetched or the iterator is closed. Inside a
    `transaction`, which is a pipeline and allows no server-side cursor, all rows come at once.
    """
    if in_transaction():
        yield fetch_all(statement, parameters)
        return
    with driver_errors_translated():
        raw = _connection()
        with raw.transaction(), raw.cursor(name="stream") as cursor:
            cursor.execute(statement, parameters)
            while rows := cursor.fetchmany(rows_at_once):
                yield rows


def release() -> None:
    """Return the connection to the pool, for a caller that is about to sleep.

    Inside a transaction this does nothing.
    """
    if not connection.in_atomic_block and not in_transaction():
        connection.close()


def connect() -> psycopg.Connection[Any]:
    """A new connection outside the pool, for the caller alone; each statement commits by itself."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory")
    return psycopg.connect(**{**parameters, "autocommit": True})


@receiver(connection_created)
def _number_statements_apart(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let no two connections give the same name to a prepared statement.

    The driver numbers the statements of each connection from 0. On a server connection that a
    pooler shares, one client would then execute what another has prepared. With names of its own it
    finds no such statement, and fails.
    """
    prepared = connection.connection._prepared  # noqa: SLF001
    if prepared._prepared_idx < NUMBERS:  # noqa: SLF001
        prepared._prepared_idx = secrets.randbelow(NUMBERS) * NUMBERS + NUMBERS  # noqa: SLF001


def _run(statement: str, parameters: Parameters | None) -> psycopg.Cursor[Row]:
    return _connection().execute(statement, parameters, prepare=True)


def _connection() -> psycopg.Connection[Any]:
    if connection.connection is not None and connection.connection.closed:
        connection.close()
    connection.ensure_connection()
    return cast("psycopg.Connection[Any]", connection.connection)


@contextmanager
def _begun() -> Iterator[None]:
    raw = _connection()
    # Inside a transaction of Django (in tests), a savepoint stands in for ours.
    nested = connection.in_atomic_block
    try:
        with raw.pipeline():
            raw.execute("SAVEPOINT store" if nested else "BEGIN")
            yield
            raw.execute("RELEASE SAVEPOINT store" if nested else "COMMIT")
    except BaseException:
        if not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE:
            raw.execute("ROLLBACK TO SAVEPOINT store" if nested else "ROLLBACK")
        raise
