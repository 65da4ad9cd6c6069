"""Turns: the callers of one process are served in order of arrival.

A turn is the time during which a caller alone runs its body with a key. It belongs to one process,
unlike a place in the line of a group, which orders the blocked readers of all processes.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Hashable
from contextlib import AsyncExitStack, asynccontextmanager


class Turns:
    """A lock for each key that is in use; its waiters get it in order of arrival."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._wanted_by: dict[Hashable, int] = {}

    @asynccontextmanager
    async def taken(self, keys: Collection[Hashable]) -> AsyncIterator[None]:
        """Run the body while no other caller runs one with any of these keys.

        All callers must give their keys in the same order, or they may wait for each other.
        """
        async with AsyncExitStack() as held:
            for key in keys:
                await held.enter_async_context(self._one(key))
            yield

    @asynccontextmanager
    async def _one(self, key: Hashable) -> AsyncIterator[None]:
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._wanted_by[key] = self._wanted_by.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted_by[key] -= 1
            if not self._wanted_by[key]:
                del self._locks[key], self._wanted_by[key]
