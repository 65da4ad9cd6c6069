"""How passwords are hashed: as Django does it, and not in the thread that serves everybody."""

from functools import cache
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from gevent import monkey
from gevent.threadpool import ThreadPool

HASHES_AT_ONCE = 1
"""How many a worker computes at the same time. Each takes a whole core for some 0.3 seconds."""


class Hasher(PBKDF2PasswordHasher):
    """Django's own hashes, computed in a thread beside the worker's loop.

    Stored hashes stay valid. A hash of one million rounds releases the interpreter's lock, so the
    loop goes on serving.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        derive = super().encode
        # A command or a test has no loop that it could hold up.
        if not monkey.is_module_patched("threading"):
            return derive(password, salt, iterations)
        encoded: str = _threads().apply(derive, (password, salt, iterations))
        return encoded


@cache
def _threads() -> Any:
    """This worker's threads. Made at first need: threads do not survive the fork of a worker."""
    return ThreadPool(HASHES_AT_ONCE)
