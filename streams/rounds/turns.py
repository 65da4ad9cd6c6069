"""Turns: the callers of one process are served in order of arrival.

A turn is the time during which a caller alone runs its body with a key. It belongs to one process,
unlike a place in the line of a group, which orders the blocked readers of all processes.
"""

import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import ExitStack, contextmanager


class Turns:
    """A lock for each key that is in use; its waiters get it in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._wanted_by: dict[Hashable, int] = {}

    @contextmanager
    def taken(self, keys: Collection[Hashable]) -> Iterator[None]:
        """Run the body while no other caller runs one with any of these keys.

        All callers must give their keys in the same order, or they may wait for each other.
        """
        with ExitStack() as held:
            for key in keys:
                held.enter_context(self._one(key))
            yield

    @contextmanager
    def _one(self, key: Hashable) -> Iterator[None]:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
            self._wanted_by[key] = self._wanted_by.get(key, 0) + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._wanted_by[key] -= 1
                if not self._wanted_by[key]:
                    del self._locks[key], self._wanted_by[key]
