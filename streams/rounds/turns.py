"""Turns: who comes first is served first, among the callers of one process."""

import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import ExitStack, contextmanager


class Turns:
    """A lock for each key that somebody wants; locks are handed on in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._wanted_by: dict[Hashable, int] = {}

    @contextmanager
    def taken(self, keys: Collection[Hashable]) -> Iterator[None]:
        """Run the body alone among all that want one of these keys.

        Give the keys in an order that all callers keep to.
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
