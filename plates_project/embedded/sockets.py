"""Where the embedded server listens: on a Unix socket only, the same at each start.

Running processes know the place by their DATABASE_URL, and find a server there that was started
again.
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
    """Where a server is to listen: its data directory, unless that path is too long for a socket's.

    `owner` is the system user that runs the server, if it is another than this process'.
    """
    if len(os.fsencode(directory / NAME)) <= _LONGEST_PATH:
        return directory
    return _kept(directory) or _new(directory, owner)


def of_running(directory: Path) -> Path:
    """Where the running server listens, as it has written itself."""
    return Path((directory / "postmaster.pid").read_text().split("\n")[4])


def url_in(sockets: Path, database: str) -> str:
    """The URL of a database of the server that listens there."""
    return f"postgresql://postgres@{quote(str(sockets), safe='')}/{database}"


def forget(directory: Path) -> None:
    """Remove the temporary directory, if the server had one: it is stopped."""
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
    """The temporary directory of an earlier start, unless it is gone or somebody else's by now."""
    try:
        sockets = Path(_record(directory).read_text())
        return sockets if sockets.lstat().st_uid == directory.stat().st_uid else None
    except FileNotFoundError:
        return None


def _record(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.sockets")
