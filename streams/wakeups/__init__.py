"""Blocked readers: how they sleep, and what wakes them. Nothing here knows a command."""

from streams.wakeups.clients import on_behalf_of
from streams.wakeups.process import (
    PROCESS,
    ClientHasLeft,
    announce,
    announce_keys_changed,
    is_listening,
    on_keys_changed,
    shut_down,
    waiting,
)

__all__ = [
    "PROCESS",
    "ClientHasLeft",
    "announce",
    "announce_keys_changed",
    "is_listening",
    "on_behalf_of",
    "on_keys_changed",
    "shut_down",
    "waiting",
]
