"""Whether the client that a blocked reader waits for is still connected."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.monkey import get_original

# The system's own poll, which is called with a time-out of 0. gevent's would switch greenlets.
_poll = get_original("select", "poll")

_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL


class Client:
    """The other end of a request's connection."""

    __slots__ = ("fileno",)

    def __init__(self, connection: socket.socket) -> None:
        self.fileno = connection.fileno()

    def has_left(self) -> bool:
        """Whether the client has closed its side of the connection."""
        poller = _poll()
        poller.register(self.fileno, select.POLLRDHUP)
        return any(event & _GONE for _, event in poller.poll(0))


class Departures:
    """Watches many clients with one system call."""

    def __init__(self) -> None:
        self._poller = _poll()

    def watch(self, client: Client) -> None:
        """From here on, `departed` includes this client once it has closed its connection."""
        self._poller.register(client.fileno, select.POLLRDHUP)

    def forget(self, client: Client) -> None:
        """No longer watch this client."""
        self._poller.unregister(client.fileno)

    def departed(self) -> set[int]:
        """The file descriptors of the watched clients that have closed their connections."""
        return {fileno for fileno, event in self._poller.poll(0) if event & _GONE}


class _Current(threading.local):
    connection: socket.socket | None = None


_current = _Current()


@contextmanager
def on_behalf_of(connection: socket.socket | None) -> Iterator[None]:
    """Run the body for the client at the other end of the connection; None: it is not known."""
    _current.connection = connection
    try:
        yield
    finally:
        _current.connection = None


def current_client() -> Client | None:
    """The client that the current thread or greenlet works for; None: it is not known."""
    return Client(_current.connection) if _current.connection else None
