"""Where the embedded server listens: only on a Unix socket, at the same place after each start.

Processes that use the server have the place in their DATABASE_URL, so they can connect again
after the server was started again.
"""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

NAME = ".s.PGSQL.5432"

# The longest path of a Unix socket is 107 bytes on Linux, 103 on macOS.
_LONGEST_PATH = 103


def directory_for(directory: Path, owner: str | None) -> Path:
    """Where a server is to listen: in its data directory, unless the socket's path is too long.

    `owner` is the system user that runs the server, if it is not this process' user.
    """
    if len(os.fsencode(directory / NAME)) <= _LONGEST_PATH:
        return directory
    return _kept(directory) or _new(directory, owner)


def of_running(directory: Path) -> Path:
    """Where the running server listens, read from the pid file that it has written."""
    return Path((directory / "postmaster.pid").read_text().split("\n")[4])


def url_in(sockets: Path, database: str) -> str:
    """The URL of a database of the server that listens in the directory `sockets`."""
    return f"postgresql://postgres@{quote(str(sockets), safe='')}/{database}"


def forget(directory: Path) -> None:
    """Remove the temporary directory of a stopped server, if it had one."""
    kept = _kept(directory)
    if kept:
        shutil.rmtree(kept, ignore_errors=True)
    _record(directory).unlink(missing_ok=True)


def _new(directory: Path, owner: str | None) -> Path:
    sockets = Path(tempfile.mkdtemp(prefix="plates-"))
    if owner is not None:
        shutil.chown(sockets, owner)
    _record(directory).write_text(str(sockets))
    return sockets


def _kept(directory: Path) -> Path | None:
    """The temporary directory of an earlier start. None if it is gone or now has another owner."""
    try:
        sockets = Path(_record(directory).read_text())
        return sockets if sockets.lstat().st_uid == directory.stat().st_uid else None
    except FileNotFoundError:
        return None


def _record(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.sockets")
