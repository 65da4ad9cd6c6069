"""Blocked readers: how they sleep, and who wakes them. Knows no command."""

from streams.wakeups.clients import on_behalf_of
from streams.wakeups.service import (
    PROCESS,
    ClientHasLeft,
    NotYet,
    announce,
    announce_keys_changed,
    is_listening,
    on_keys_changed,
    shut_down,
    wait,
)

__all__ = [
    "PROCESS",
    "ClientHasLeft",
    "NotYet",
    "announce",
    "announce_keys_changed",
    "is_listening",
    "on_behalf_of",
    "on_keys_changed",
    "shut_down",
    "wait",
]
