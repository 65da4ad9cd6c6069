"""The use of the embedded server by processes: the server runs while it has members."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from plates_project.embedded import server, sockets
from plates_project.embedded.locks import exclusive_start, open_lock


@dataclass(frozen=True, slots=True)
class Membership:
    """This process' use of the server. Processes that inherit the lock are members, too."""

    data_directory: Path
    lock: int
    """The file descriptor that holds the lock."""

    @classmethod
    def join(cls, data_directory: Path) -> Self:
        """Use the server under that directory. Start it if it does not run.

        Raises subprocess.SubprocessError, with PostgreSQL's messages, if it does not start.
        """
        data_directory.mkdir(parents=True, exist_ok=True)
        membership = cls(data_directory, open_lock(data_directory / "postgres.members"))
        fcntl.flock(membership.lock, fcntl.LOCK_SH)
        try:
            with exclusive_start(data_directory):
                server.initialise(membership.directory)
                server.ensure_running(membership.directory)
        except BaseException:
            membership.leave()
            raise
        return membership

    @property
    def directory(self) -> Path:
        """PostgreSQL's own data directory."""
        return server.directory_in(self.data_directory)

    @property
    def url(self) -> str:
        """The DATABASE_URL of the running server."""
        return sockets.url_in(sockets.of_running(self.directory), server.DATABASE)

    def leave(self) -> None:
        """Stop using the server, and stop it if nobody else does.

        Raises subprocess.SubprocessError if it does not stop.
        """
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            # A process that joins now waits for the lock, then starts the server again. If a
            # watcher is starting the server, the watcher gives up first.
            with exclusive_start(self.data_directory):
                server.stop(self.directory)
        finally:
            os.close(self.lock)


@contextmanager
def membership_of(data_directory: Path) -> Iterator[Membership]:
    """Be a member while the body runs."""
    membership = Membership.join(data_directory)
    try:
        yield membership
    finally:
        membership.leave()
