"""Blocked readers: how they sleep, and what wakes them. Nothing here knows a command.

Who changes what readers wait for also imports `announcing`.
"""

from streams.wakeups.clients import on_behalf_of
from streams.wakeups.process import (
    PROCESS,
    ClientHasLeft,
    is_listening,
    on_api_keys_changed,
    shut_down,
    waiting,
)

__all__ = [
    "PROCESS",
    "ClientHasLeft",
    "is_listening",
    "on_api_keys_changed",
    "on_behalf_of",
    "shut_down",
    "waiting",
]
