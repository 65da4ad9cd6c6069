"""The embedded PostgreSQL, for whoever has set no DATABASE_URL.

Its data is in `DATA_DIR/postgres`. Every process that uses it is a member: it holds a shared lock
on a file beside the data for as long as it lives. The first member starts the server, the last
to leave stops it. The kernel drops the lock of a process that is killed, so members need no list
that could go stale; a server left without members is joined by the next.

While a service runs, the process `watch` starts the server again should it die.
"""

from plates_project.embedded.membership import Membership, membership_of

__all__ = ["Membership", "membership_of"]
