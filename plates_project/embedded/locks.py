"""Locks between processes, on files beside the data. The kernel drops those of the dead."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(path: Path) -> int:
    """A file descriptor to lock, closed in what this process executes."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def exclusive_start(data_directory: Path) -> Iterator[None]:
    """Run the body while no other process starts or stops the server of that directory."""
    lock = open_lock(data_directory / "postgres.starting")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
