"""What the driver's errors mean to the rest of the program.

    what happened                                         it becomes
    a deadlock or a serialization failure                 Conflict: the work is done again
    a request over one of PostgreSQL's fixed limits       InvalidRequest
    a time-out, a full disk, a read-only database,        Unavailable, with a text for each
    a lost connection, an exhausted pool

Every other error is a defect of ours, and is raised unchanged.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import django.db
import psycopg
from psycopg import errors as drivers

from streams.domain.errors import InvalidRequest, Refusal, Unavailable
from streams.store.pool import renew_connections

NOT_AVAILABLE = "the database is not available"
READ_ONLY = "the database is read-only"
TIMED_OUT = "the database did not answer in time"
EXHAUSTED = "the database is out of disk space, memory or connections"
STATEMENTS_LOST = "the database is behind a pooler that does not keep prepared statements"
BEYOND_LIMITS = "a name, or the request as a whole, is larger than the database can take"
CONFLICTED = "another transaction was in the way"

_CONFLICTS = (drivers.DeadlockDetected, drivers.SerializationFailure)

_LIMITS = (
    # For example a name that does not fit into an index.
    drivers.ProgramLimitExceeded,
    drivers.StatementTooComplex,
    drivers.TooManyColumns,
    drivers.TooManyArguments,
)

_TIME_OUTS = (
    # By `statement_timeout`, or by a call of pg_cancel_backend.
    drivers.QueryCanceled,
    # By `lock_timeout`.
    drivers.LockNotAvailable,
    drivers.IdleInTransactionSessionTimeout,
    drivers.TransactionTimeout,
)

_LACKS = (
    drivers.InsufficientResources,
    drivers.DiskFull,
    drivers.OutOfMemory,
    drivers.TooManyConnections,
    drivers.ConfigurationLimitExceeded,
)

_OUTAGES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (_TIME_OUTS, TIMED_OUT),
    (_LACKS, EXHAUSTED),
    ((drivers.ReadOnlySqlTransaction,), READ_ONLY),
    # Behind a pooler that shares connections, a prepared statement may be missing, or another
    # client may have one of that name.
    ((drivers.InvalidSqlStatementName, drivers.DuplicatePreparedStatement), STATEMENTS_LOST),
    # Last, because most of the errors above are OperationalErrors too. The others are a connection
    # that is lost or refused, an exhausted pool, and a server that stops.
    (
        (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            django.db.OperationalError,
            django.db.InterfaceError,
        ),
        NOT_AVAILABLE,
    ),
)

log = logging.getLogger(__name__)


class Conflict(Exception):
    """Another transaction was in the way: this one changed nothing, and may be done again."""


@contextmanager
def driver_errors_translated() -> Iterator[None]:
    """Run the body; translate an error of the driver into the exception for it (see above)."""
    try:
        yield
    except (psycopg.Error, django.db.Error) as error:
        cause = _of_driver(error)
        meaning = _meaning_of(cause)
        if meaning is None:
            raise
        _act_on(cause)
        raise meaning from error


def outage_in(error: BaseException | None) -> str | None:
    """Why the database cannot serve, if this error or one of its causes says so; None if not.

    For code that Django calls, where an error may be wrapped by Django or others.
    """
    while error is not None:
        match _meaning_of(_of_driver(error)):
            case Unavailable(text=text):
                return text
            case Conflict():
                return CONFLICTED
        error = error.__cause__ or error.__context__
    return None


def missing_privilege_in(error: BaseException | None) -> str | None:
    """Which privilege the database's user lacks, in PostgreSQL's words; None if it lacks none."""
    while error is not None:
        if isinstance(error, drivers.InsufficientPrivilege):
            return error.diag.message_primary
        error = error.__cause__ or error.__context__
    return None


def _of_driver(error: BaseException) -> BaseException:
    """The driver's error, if Django has wrapped it in one of its own; else the error itself."""
    cause = error.__cause__
    is_wrapped = isinstance(error, django.db.Error) and isinstance(cause, psycopg.Error)
    return cause if is_wrapped and cause else error


def _meaning_of(error: BaseException) -> Conflict | Refusal | None:
    if isinstance(error, _CONFLICTS):
        return Conflict(CONFLICTED)
    if isinstance(error, _LIMITS):
        # Not TooLarge, which stands for a limit that the docs name. What is too large here is a
        # name, and a name over the service's own limit is refused as a wrong request, too.
        return InvalidRequest(BEYOND_LIMITS)
    for kinds, text in _OUTAGES:
        if isinstance(error, kinds):
            return Unavailable(text)
    return None


def _act_on(error: BaseException) -> None:
    """Renew connections, or write to the log, for errors that call for more than a reply."""
    if isinstance(error, drivers.ReadOnlySqlTransaction):
        renew_connections()
    # Replies do not repeat what PostgreSQL says, but operators need it.
    elif isinstance(error, (*_LACKS, *_LIMITS)):
        log.error("the database refused a statement", extra={"reason": error.diag.message_primary})
