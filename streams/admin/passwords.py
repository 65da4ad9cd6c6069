"""Hashes passwords as Django does, but not in the thread that serves the requests."""

from functools import cache
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from gevent import monkey
from gevent.threadpool import ThreadPool

HASHES_AT_ONCE = 1
"""How many hashes a worker computes at a time. Each takes a whole core for some 0.3 seconds."""


class Hasher(PBKDF2PasswordHasher):
    """Computes Django's own hashes in a thread beside the worker's loop.

    Stored hashes stay valid. While a hash is computed, in a million rounds, the thread does not
    hold the interpreter's lock, so the loop goes on serving.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        derive = super().encode
        # A command or a test has no loop that a hash could delay.
        if not monkey.is_module_patched("threading"):
            return derive(password, salt, iterations)
        encoded: str = _threads().apply(derive, (password, salt, iterations))
        return encoded


@cache
def _threads() -> Any:
    """This worker's threads. The first call makes them: threads do not survive a worker's fork."""
    return ThreadPool(HASHES_AT_ONCE)
