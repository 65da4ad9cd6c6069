"""Blocked readers: how they sleep, and what wakes them. Nothing here knows a command.

Who changes what readers wait for also imports `announcing`.
"""

from streams.wakeups.clients import (
    Client,
    ClientHasLeft,
    Ending,
    KeyRevoked,
    ReaderEnded,
    ended_by,
)
from streams.wakeups.process import (
    PROCESS,
    is_listening,
    on_api_keys_changed,
    shut_down,
    waiting,
)

__all__ = [
    "PROCESS",
    "Client",
    "ClientHasLeft",
    "Ending",
    "KeyRevoked",
    "ReaderEnded",
    "ended_by",
    "is_listening",
    "on_api_keys_changed",
    "shut_down",
    "waiting",
]
