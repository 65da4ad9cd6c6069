"""PostgreSQL's own log, `DATA_DIR/postgres/log`, and its bound."""

import os
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""How large the log may become."""

KEPT_BYTES = 1024 * 1024
"""How much of its end is kept when it became larger."""

TOLD_BYTES = 2000
"""How much of it an error message repeats."""


def path(directory: Path) -> Path:
    """The log of the server with that data directory."""
    return directory / "log"


def size(directory: Path) -> int:
    """Its size in bytes; 0 if there is none."""
    try:
        return path(directory).stat().st_size
    except FileNotFoundError:
        return 0


def since(directory: Path, offset: int) -> str:
    """The end of what was written after the first `offset` bytes."""
    if not path(directory).exists():
        return ""
    with path(directory).open("rb") as log:
        log.seek(offset)
        return log.read()[-TOLD_BYTES:].decode(errors="replace")


def keep_bounded(directory: Path) -> None:
    """Drop all but the end of a log that became too large.

    Done in place, for the server has it open, to append. What it writes in this very moment may
    be lost or stand before the rest.
    """
    if size(directory) <= MAX_BYTES:
        return
    # The directory is another user's where this one is root: no link of theirs is followed.
    descriptor = os.open(path(directory), os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "r+b", buffering=0) as log:
        log.seek(-KEPT_BYTES, os.SEEK_END)
        end = log.read(KEPT_BYTES)
        log.truncate(0)
        log.write(end)
