"""What PostgreSQL's errors become: each is provoked, and nobody reads PostgreSQL's own words."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import django.db
import psycopg
import pytest
from django.db import connection, transaction

from streams.domain.errors import InvalidRequest, Refusal, Unavailable
from streams.store import errors, notifications, pool, session
from streams.store.errors import Conflict, driver_errors_translated, outage_in
from tests.api import Api
from tests.connections import connect
from tests.loop import run
from tests.polling import eventually

pytestmark = pytest.mark.django_db

SORT_ON_DISK = """
    SELECT count(*)
    FROM (SELECT FROM generate_series(1, 100000) AS number ORDER BY -number) AS sorted
"""
SLEEP = "SELECT pg_sleep(30)"
IMPATIENT = "SET LOCAL statement_timeout = '10ms'"
LOCK_A_TABLE = "LOCK TABLE plate"
LIVES = "SELECT FROM pg_stat_activity WHERE pid = %s"
FULL_QUEUE = """
    DO $$ BEGIN
        RAISE 'too many notifications in the NOTIFY queue' USING ERRCODE = '54000';
    END $$
"""


@pytest.fixture
def raw() -> Iterator[psycopg.Connection[Any]]:
    """A connection of the test's own; each statement commits by itself."""
    with connect() as raw:
        yield raw


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Another connection like `raw`."""
    with connect() as raw:
        yield raw


@pytest.fixture
def with_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Gives the API connections with these settings, until the test is over."""

    def connect_anew(options: str) -> None:
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", options)
        run(pool.close())

    yield connect_anew
    run(pool.close())


def refusal_of(work: Callable[..., Any], *words: Any) -> Refusal:
    with pytest.raises(Refusal) as raised, driver_errors_translated():
        work(*words)
    return raised.value


def test_a_statement_that_takes_too_long_is_a_time_out(
    with_settings: Callable[[str], None],
) -> None:
    with_settings("-c statement_timeout=10ms")
    with pytest.raises(Unavailable, match=f"^{errors.TIMED_OUT}$"):
        run(session.execute(SLEEP))


def test_it_is_a_time_out_inside_a_transaction_too() -> None:
    async def sleep() -> None:
        async with session.transaction():
            await session.execute(IMPATIENT)
            await session.execute(SLEEP)

    with pytest.raises(Unavailable, match=f"^{errors.TIMED_OUT}$"):
        run(sleep())


def test_a_lock_that_does_not_come_in_time_is_a_time_out(
    raw: psycopg.Connection[Any], other: psycopg.Connection[Any]
) -> None:
    raw.execute("SET lock_timeout = '10ms'")
    with other.transaction():
        other.execute(LOCK_A_TABLE)
        refusal = refusal_of(raw.execute, "SELECT FROM plate")
    assert (type(refusal), refusal.text) == (Unavailable, errors.TIMED_OUT)


def test_a_transaction_that_idles_too_long_is_a_time_out(
    raw: psycopg.Connection[Any], other: psycopg.Connection[Any]
) -> None:
    pid = raw.info.backend_pid
    raw.execute("SET idle_in_transaction_session_timeout = '10ms'")
    raw.execute("BEGIN")
    eventually(lambda: not other.execute(LIVES, [pid]).rowcount)
    refusal = refusal_of(raw.execute, "SELECT 1")
    assert (type(refusal), refusal.text) == (Unavailable, errors.TIMED_OUT)


def test_a_connection_that_the_server_ends_is_an_outage(
    raw: psycopg.Connection[Any], other: psycopg.Connection[Any]
) -> None:
    other.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])
    for _ in range(2):  # The second time it is known to be closed.
        refusal = refusal_of(raw.execute, "SELECT 1")
        assert (type(refusal), refusal.text) == (Unavailable, errors.NOT_AVAILABLE)


def test_a_server_that_is_not_there_is_an_outage() -> None:
    refusal = refusal_of(psycopg.connect, "postgresql://127.0.0.1:1/nowhere")
    assert (type(refusal), refusal.text) == (Unavailable, errors.NOT_AVAILABLE)


def test_a_lack_of_space_is_an_outage_and_its_reason_is_logged(
    with_settings: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    with_settings("-c work_mem=64kB -c temp_file_limit=0")
    with pytest.raises(Unavailable, match=f"^{errors.EXHAUSTED}$"):
        run(session.execute(SORT_ON_DISK))
    (record,) = caplog.records
    assert "temporary file size exceeds" in vars(record)["reason"]


def test_a_read_only_transaction_is_an_outage(raw: psycopg.Connection[Any]) -> None:
    raw.execute("SET default_transaction_read_only = on")
    refusal = refusal_of(raw.execute, "DELETE FROM plate WHERE false")
    assert (type(refusal), refusal.text) == (Unavailable, errors.READ_ONLY)


def test_a_serialization_failure_is_a_conflict(
    raw: psycopg.Connection[Any], other: psycopg.Connection[Any]
) -> None:
    raw.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    other.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    for one in (raw, other):
        one.execute("SELECT count(*) FROM plate")
    for name, one in (("one", raw), ("two", other)):  # Neither has counted the other's plate.
        one.execute("INSERT INTO plate (name) VALUES (%s)", [name])
        one.execute("DELETE FROM plate WHERE name = %s", [name])
    raw.execute("COMMIT")
    with pytest.raises(Conflict), driver_errors_translated():
        other.execute("COMMIT")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT " + ", ".join(["1"] * 2_000), id="too many columns"),
        pytest.param("SELECT 1" + " + 1" * 20_000, id="too deep"),
        pytest.param(f"SELECT concat({', '.join(['1'] * 200)})", id="too many arguments"),
    ],
)
def test_a_statement_over_a_limit_is_a_refusal(
    raw: psycopg.Connection[Any], statement: str
) -> None:
    raw.execute("SET max_stack_depth = '100kB'")
    refusal = refusal_of(raw.execute, statement)
    assert (type(refusal), refusal.text) == (InvalidRequest, errors.BEYOND_LIMITS)


def incompressible_name(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]


@pytest.fixture
def long_names(settings: Any) -> None:
    """Names may be longer than PostgreSQL's indexes can hold."""
    settings.STREAMS_MAX_NAME_BYTES = 10_000


# An index entry has at most 2 704 bytes; one over 8 191 meets another of PostgreSQL's limits.
@pytest.mark.usefixtures("long_names")
@pytest.mark.parametrize("length", [3_000, 9_000])
@pytest.mark.parametrize(
    "words",
    [
        ["XADD", "LONG", "*", "f", "v"],
        ["XGROUP", "CREATE", "events", "LONG", "$"],
        ["XGROUP", "CREATECONSUMER", "events", "g", "LONG"],
        ["XREADGROUP", "GROUP", "g", "LONG", "STREAMS", "events", ">"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_name_that_fits_into_no_index_is_a_refusal(
    api: Api, words: list[str], length: int, caplog: pytest.LogCaptureFixture
) -> None:
    api.run("XGROUP", "CREATE", "events", "g", "$", "MKSTREAM")
    name = incompressible_name(length)
    answer = api.send(*[name if word == "LONG" else word for word in words])
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.message == errors.BEYOND_LIMITS
    assert "Retry-After" not in answer.headers
    reasons = [vars(record)["reason"] for record in caplog.records if hasattr(record, "reason")]
    assert len(reasons) == 1
    assert name not in reasons[0]
    assert api.run("XLEN", "events") == 0


@pytest.mark.usefixtures("long_names")
def test_in_a_batch_it_does_not_hide_what_was_done_before(api: Api) -> None:
    batch = [["XLEN", "events"], ["XADD", incompressible_name(3_000), "*", "f", "v"]]
    assert api.post("/pipeline", batch).body["data"] == [0, {"error": errors.BEYOND_LIMITS}]


def test_a_full_queue_of_notifications_is_no_requests_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notifications, "NOTIFY", FULL_QUEUE)
    with pytest.raises(Unavailable, match="takes no more notifications"):
        run(send_one())


async def send_one() -> None:
    async with notifications.open_channel() as channel:
        await channel.send(["payload"])


def test_a_defect_of_ours_passes_as_it_is() -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        run(session.execute("SELECT FROM nothing_of_that_name"))


# Where Django has wrapped the driver's error


def test_djangos_errors_are_distinguished_too() -> None:
    assert refusal_of(execute, IMPATIENT, SLEEP).text == errors.TIMED_OUT


def execute(*statements: str) -> None:
    """Run them in one transaction of Django's."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def wrapped(*statements: str) -> Exception:
    """The error that Django makes of the driver's."""
    with pytest.raises(django.db.Error) as raised:
        execute(*statements)
    return raised.value


def test_an_outage_is_found_in_what_was_raised_because_of_it() -> None:
    error = RuntimeError("broken")
    error.__context__ = wrapped(IMPATIENT, SLEEP)
    assert outage_in(error) == errors.TIMED_OUT


def test_neither_a_limit_nor_a_defect_is_an_outage() -> None:
    assert outage_in(wrapped("SELECT " + ", ".join(["1"] * 2_000))) is None
    assert outage_in(RuntimeError("broken")) is None


def test_an_outage_has_causes_of_its_own() -> None:
    error = psycopg.OperationalError("connection socket closed")
    error.__cause__ = OSError()
    assert outage_in(error) == errors.NOT_AVAILABLE
