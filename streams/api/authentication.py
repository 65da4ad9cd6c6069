"""API keys: `Authorization: KEY` or `Authorization: Bearer KEY`."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime

from cachetools import TTLCache
from django.http import HttpRequest

from streams import conf, wakeups
from streams.api.errors import denied
from streams.commands.plates import PLATE_NAME
from streams.domain.errors import Unavailable
from streams.domain.scopes import Scope
from streams.rounds.conflicts import again_after_conflict
from streams.store import api_keys
from streams.store.api_keys import KnownKey
from streams.wakeups import Ending, KeyRevoked

MAX_CACHED_KEYS = 10_000


class KeyCache:
    """Keys that this process has lately seen to be active.

    Forgotten after STREAMS_KEY_CACHE_SECONDS, and at once when any process changes keys.
    """

    def __init__(self) -> None:
        self._keys: TTLCache[tuple[str, bytes | int], KnownKey] = TTLCache(
            MAX_CACHED_KEYS, ttl=conf.limit("STREAMS_KEY_CACHE_SECONDS")
        )
        self._generation = 0
        self._loop = asyncio.get_running_loop()
        # What ends the blocked readers of each key.
        self._endings: dict[KnownKey, set[Ending]] = {}
        self._check: asyncio.Task[None] | None = None
        wakeups.on_api_keys_changed(self.forget_all)

    async def find(self, plate_name: str, sought: bytes | int) -> KnownKey | None:
        """The plate's active key with that digest or id, from memory or from the database."""
        known = self._keys.get((plate_name, sought))
        if known is None:
            generation = self._generation
            known = await again_after_conflict(api_keys.find)(plate_name, sought)
            # What was read before a change was announced must not outlive it.
            if known and _is_active(known) and generation == self._generation:
                self._keys[plate_name, sought] = known
        return known if _is_active(known) else None

    def forget_all(self) -> None:
        """Look every key up anew, those of blocked readers at once. Any thread may call it."""
        self._generation += 1
        self._keys.clear()
        self._loop.call_soon_threadsafe(self._begin_check)

    @contextmanager
    def ending_with(self, known: KnownKey) -> Iterator[Ending]:
        """Run the body with an ending that comes when the key is no longer active."""
        ending = Ending()
        self._endings.setdefault(known, set()).add(ending)
        try:
            yield ending
        finally:
            self._endings[known].discard(ending)
            if not self._endings[known]:
                del self._endings[known]

    def _begin_check(self) -> None:
        self._check = self._loop.create_task(self._end_revoked())

    async def _end_revoked(self) -> None:
        """End the blocked readers whose keys are no longer active.

        If the database is away, the listener finds that out, too, and has all keys looked up anew
        when it is back.
        """
        with suppress(Unavailable):
            for known in list(self._endings):
                if await self.find(known.plate_name, known.id) is None:
                    for ending in list(self._endings.get(known, ())):
                        ending.come(KeyRevoked)


def _is_active(known: KnownKey | None) -> bool:
    return known is not None and known.is_active(datetime.now(UTC))


_cache: KeyCache | None = None


async def known_key(plate_name: str, sought: bytes | int) -> KnownKey | None:
    """The plate's key with that digest or id; None if it is not active (any more).

    Any text may stand in a path where the plate's name does: the database takes no NUL.
    """
    if not PLATE_NAME.fullmatch(plate_name):
        return None
    return await _key_cache().find(plate_name, sought)


def ending_with(known: KnownKey) -> AbstractContextManager[Ending]:
    """Run the body with an ending that comes when the key is no longer active."""
    return _key_cache().ending_with(known)


def _key_cache() -> KeyCache:
    global _cache
    if _cache is None:
        _cache = KeyCache()
    return _cache


Authenticator = Callable[[HttpRequest, Mapping[str, str]], Awaitable[tuple[KnownKey, Scope] | None]]
"""Looks at a request and the names in its path: what its credentials grant; None: has none.

Raises HttpError (401) for wrong credentials, the same whatever is wrong with them.
"""


async def authenticate_key(
    request: HttpRequest, names: Mapping[str, str]
) -> tuple[KnownKey, Scope] | None:
    """An `Authenticator` of API keys. A key is valid for its own plate only."""
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if not header:
        return None
    digest = hashlib.sha256(_key_in(header).encode("utf-8", "surrogateescape")).digest()
    known = await known_key(names["plate"], digest)
    if known is None:
        raise denied()
    return known, Scope(known.scope)


def _key_in(header: str) -> str:
    scheme, space, key = header.partition(" ")
    return key.strip() if space and scheme.lower() == "bearer" else header
