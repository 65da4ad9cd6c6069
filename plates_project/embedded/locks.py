"""Locks between processes, on files beside the data. The kernel drops a dead process' locks."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(path: Path) -> int:
    """Open a file to lock. Programs that this process executes do not inherit the descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def exclusive_start(data_directory: Path) -> Iterator[None]:
    """Run the body while no other process starts or stops the server under that directory."""
    lock = open_lock(data_directory / "postgres.starting")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
