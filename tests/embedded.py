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
    (watcher,) = watchers_of(server)
    return watcher


def watchers_of(server: Server) -> set[psutil.Process]:
    """All that do; for a moment there may be none."""
    return {child for child in psutil.Process(server.pid).children() if _watches(child)}


def _watches(process: psutil.Process) -> bool:
    try:
        return "plates_project.embedded.watch" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
