"""API keys: `Authorization: KEY` or `Authorization: Bearer KEY`."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cachetools import TTLCache
from django.http import HttpRequest

from streams import conf, wakeups
from streams.api.errors import unauthorized
from streams.commands.plates import PLATE_NAME
from streams.domain.scopes import Scope
from streams.rounds.conflicts import again_after_conflict
from streams.store import api_keys, session
from streams.store.api_keys import KnownKey

MAX_CACHED_KEYS = 10_000


class KeyCache:
    """Keys that this process has lately seen to be active.

    Forgotten after STREAMS_KEY_CACHE_SECONDS, and at once when any process changes keys.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: TTLCache[tuple[str, bytes | int], KnownKey] = TTLCache(
            MAX_CACHED_KEYS, ttl=conf.limit("STREAMS_KEY_CACHE_SECONDS")
        )
        self._generation = 0
        wakeups.on_api_keys_changed(self.forget_all)

    def find(self, plate_name: str, sought: bytes | int) -> KnownKey | None:
        """The plate's active key with that digest or id, from memory or from the database."""
        with self._lock:
            known = self._keys.get((plate_name, sought))
            generation = self._generation
        if known is None:
            known = again_after_conflict(api_keys.find)(plate_name, sought)
            # The command may have to wait, and others need the connection meanwhile.
            session.release()
            self._remember(known, sought, generation)
        return known if _is_active(known) else None

    def _remember(self, known: KnownKey | None, sought: bytes | int, generation: int) -> None:
        with self._lock:
            # What was read before a change was announced must not outlive it.
            if known and _is_active(known) and generation == self._generation:
                self._keys[known.plate_name, sought] = known

    def forget_all(self) -> None:
        """Look every key up anew."""
        with self._lock:
            self._generation += 1
            self._keys.clear()


def _is_active(known: KnownKey | None) -> bool:
    return known is not None and known.is_active(datetime.now(UTC))


_cache: KeyCache | None = None


def known_key(plate_name: str, sought: bytes | int) -> KnownKey | None:
    """The plate's key with that digest or id; None if it is not active (any more).

    Any text may stand in a path where the plate's name does: the database takes no NUL.
    """
    return _key_cache().find(plate_name, sought) if PLATE_NAME.fullmatch(plate_name) else None


def _key_cache() -> KeyCache:
    global _cache
    if _cache is None:
        _cache = KeyCache()
    return _cache


Authenticator = Callable[[HttpRequest, Mapping[str, str]], tuple[KnownKey, Scope] | None]
"""Looks at a request and the names in its path: what its credentials grant; None: has none.

Raises HttpError (401) for wrong credentials, the same whatever is wrong with them.
"""


def authenticate_key(
    request: HttpRequest, names: Mapping[str, str]
) -> tuple[KnownKey, Scope] | None:
    """An `Authenticator` of API keys. A key is valid for its own plate only."""
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if not header:
        return None
    digest = hashlib.sha256(_key_in(header).encode("utf-8", "surrogateescape")).digest()
    known = known_key(names["plate"], digest)
    if known is None:
        raise unauthorized("invalid_authorization", "authorization denied")
    return known, Scope(known.scope)


def _key_in(header: str) -> str:
    scheme, space, key = header.partition(" ")
    return key.strip() if space and scheme.lower() == "bearer" else header
