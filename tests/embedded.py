"""The processes around an embedded PostgreSQL."""

from pathlib import Path

import psutil

from tests.servers import Server


def postgres_of(data_directory: Path) -> psutil.Process | None:
    """The embedded server under that directory, if it runs."""
    try:
        pid = int((data_directory / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        return psutil.Process(pid)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def watcher_of(server: Server) -> psutil.Process:
    """The process that watches over the embedded PostgreSQL of a service."""
    (watcher,) = (
        child
        for child in psutil.Process(server.pid).children()
        if "plates_project.embedded.watch" in child.cmdline()
    )
    return watcher
