"""How the driver waits in a worker: other greenlets go on, timeouts end, broken connections tell.

In a process of its own, for the patching is for good.
"""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
import psycopg
from plates_project import waits
waits.install()
connect = lambda: psycopg.connect(sys.argv[1], autocommit=True)
"""


def run(database_url: str, script: str) -> str:
    """What a script prints in a process that is patched as a worker is."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + textwrap.dedent(script), database_url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_greenlets_wait_for_statements_at_the_same_time(
    database_url: str, in_pipeline: bool
) -> None:
    # One holds a lock that the other one waits for, and both are in this one thread.
    printed = run(
        database_url,
        f"""
        from contextlib import nullcontext

        def hold(connection):
            with connection.pipeline() if {in_pipeline} else nullcontext():
                connection.execute("SELECT pg_advisory_lock(20)").fetchone()
                print("locked", flush=True)
                gevent.sleep(0)
                connection.execute("SELECT pg_advisory_unlock(20)").fetchone()

        with connect() as one, connect() as other:
            one.execute("SELECT pg_advisory_lock(20)")
            waiting = gevent.spawn(hold, other)
            while not one.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).fetchone()[0]:
                gevent.sleep(0)
            print("waits", flush=True)
            one.execute("SELECT pg_advisory_unlock(20)")
            waiting.join()
        """,
    )
    assert printed.split() == ["waits", "locked"]


def test_a_reply_larger_than_any_buffer_arrives(database_url: str) -> None:
    size = 20_000_000
    printed = run(
        database_url,
        f"""
        with connect() as connection:
            text = "x" * {size}
            print(len(connection.execute("SELECT %s::text || 'y'", [text]).fetchone()[0]))
        """,
    )
    assert int(printed) == size + 1


def test_a_timeout_ends_the_wait(database_url: str) -> None:
    printed = run(
        database_url,
        """
        with connect() as connection:
            connection.execute("LISTEN nothing")
            print(list(connection.notifies(timeout=0.05)))
        """,
    )
    assert printed == "[]"


def test_a_timeout_of_somebody_else_passes_through(database_url: str) -> None:
    printed = run(
        database_url,
        """
        with connect() as connection:
            try:
                with gevent.Timeout(0.05):
                    connection.execute("SELECT pg_sleep(60)")
            except gevent.Timeout:
                print("in time")
            connection.close()
        """,
    )
    assert printed == "in time"


def test_a_connection_that_is_ended_tells_who_waits(database_url: str) -> None:
    printed = run(
        database_url,
        """
        def wait(connection):
            try:
                connection.execute("SELECT pg_sleep(60)")
            except psycopg.OperationalError as error:
                print(type(error).__name__, connection.closed)

        one, other = connect(), connect()
        waiting = gevent.spawn(wait, one)
        gevent.sleep(0)
        other.execute("SELECT pg_terminate_backend(%s)", [one.info.backend_pid])
        waiting.join()
        """,
    )
    assert printed == "AdminShutdown True"
