"""Blocked readers: how they sleep, and who wakes them. Knows no command."""

from streams.wakeups.clients import Client, client_of, on_behalf_of
from streams.wakeups.service import announce, announce_keys_changed, on_keys_changed, status, wait
from streams.wakeups.service import shut_down as shut_down

__all__ = [
    "Client",
    "announce",
    "announce_keys_changed",
    "client_of",
    "on_behalf_of",
    "on_keys_changed",
    "shut_down",
    "status",
    "wait",
]
