"""What ends a blocked reader before its time: its client leaves, or its API key is revoked."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar


class ReaderEnded(Exception):
    """The reader must not wait any longer, and gets no entries."""


class ClientHasLeft(ReaderEnded):
    """The client closed its connection while it waited, so there is nobody to reply to."""


class KeyRevoked(ReaderEnded):
    """The API key of the reader is no longer active."""


Watcher = Callable[[type[ReaderEnded]], None]


class Ending:
    """Ends the blocked readers that watch it."""

    __slots__ = ("_reason", "_watchers")

    def __init__(self) -> None:
        # Why it has come; None: it has not.
        self._reason: type[ReaderEnded] | None = None
        self._watchers: set[Watcher] = set()

    def come(self, reason: type[ReaderEnded]) -> None:
        """End all readers that watch, and every one that does so from here on."""
        self._reason = reason
        for watcher in list(self._watchers):
            watcher(reason)

    @contextmanager
    def watched(self, watcher: Watcher) -> Iterator[None]:
        """Call the watcher if the end comes during the body, or has come before."""
        self._watchers.add(watcher)
        if self._reason:
            watcher(self._reason)
        try:
            yield
        finally:
            self._watchers.discard(watcher)


class Client(Ending):
    """The other end of a request's connection. The server says when it leaves."""

    __slots__ = ("is_gone",)

    def __init__(self) -> None:
        super().__init__()
        # Whether it does not even read any more. Until then it gets its answer.
        self.is_gone = False

    def leave(self) -> None:
        """Note that the client sends no more."""
        self.come(ClientHasLeft)


_endings: ContextVar[tuple[Ending, ...]] = ContextVar("endings", default=())


@contextmanager
def ended_by(*endings: Ending) -> Iterator[None]:
    """Run the body; readers that block in it end when one of these comes."""
    entered = _endings.set(endings)
    try:
        yield
    finally:
        _endings.reset(entered)


@contextmanager
def endings_watched(watcher: Watcher) -> Iterator[None]:
    """Call the watcher when something ends the readers of the current task."""
    with ExitStack() as watches:
        for ending in _endings.get():
            watches.enter_context(ending.watched(watcher))
        yield
