"""The embedded PostgreSQL, which is used if DATABASE_URL is not set.

Its data is in `DATA_DIR/postgres`. Every process that uses it is a member: it holds a shared lock
on a file beside the data for as long as it lives. The first member starts the server, and the
last member to leave stops it. The kernel drops the lock of a process that is killed, so there is
no list of members that could become wrong. If all members were killed, the server runs on, and the
next process to join uses it.

While the service runs, the process `watch` starts the server again if it dies.
"""

from typing import TYPE_CHECKING, Any

from plates_project.embedded.watcher import Watcher

if TYPE_CHECKING:
    from plates_project.embedded.membership import Membership, membership_of

__all__ = ["Membership", "Watcher", "membership_of"]


def __getattr__(name: str) -> Any:
    """Import `membership` when a name of it is first used, because it imports the driver."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plates_project.embedded import membership

    return getattr(membership, name)
