"""PostgreSQL's own log, `DATA_DIR/postgres/log`, whose size is bounded here."""

import os
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""How large the log may become."""

KEPT_BYTES = 1024 * 1024
"""How much of the log's end is kept when the log has become too large."""

TOLD_BYTES = 2000
"""How much of the log an error message repeats."""


def path(directory: Path) -> Path:
    """The log of the server with that data directory."""
    return directory / "log"


def size(directory: Path) -> int:
    """The size of the log in bytes; 0 if there is no log."""
    try:
        return path(directory).stat().st_size
    except FileNotFoundError:
        return 0


def since(directory: Path, offset: int) -> str:
    """The end of the log, without its first `offset` bytes."""
    if not path(directory).exists():
        return ""
    with path(directory).open("rb") as log:
        log.seek(offset)
        return log.read()[-TOLD_BYTES:].decode(errors="replace")


def keep_bounded(directory: Path) -> None:
    """Drop all but the end of a log that has become too large.

    The file stays the same, because the server has it open to append. A line that the server
    writes at this very moment may be lost, or stand before the rest.
    """
    if size(directory) <= MAX_BYTES:
        return
    # Under root the directory belongs to another user, so a link from that user is not followed.
    descriptor = os.open(path(directory), os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "r+b", buffering=0) as log:
        log.seek(-KEPT_BYTES, os.SEEK_END)
        end = log.read(KEPT_BYTES)
        log.truncate(0)
        log.write(end)
