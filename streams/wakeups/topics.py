"""What a notification is about: topics of two kinds, `stream:…` and `keys:changed`.

A payload is the number of the sending process and then the topics, separated by spaces.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NewType

from streams.domain.plates import StreamName
from streams.store.notifications import MAX_PAYLOAD_BYTES

Topic = NewType("Topic", str)

API_KEYS_CHANGED = Topic("keys:changed")
"""API keys were revoked, or a plate was disabled or enabled."""


def of_stream(name: StreamName) -> Topic:
    """The topic for a stream that has something new, or is gone: a digest of its name.

    If two names have the same digest, their readers are woken for each other's entries, and find
    nothing.
    """
    digest = blake2b(f"{name.plate}:{name.key}".encode(), digest_size=8).hexdigest()
    return Topic(f"stream:{digest}")


def payload(sender: int, topics: Iterable[Topic]) -> str:
    """The text of one notification."""
    return " ".join((str(sender), *topics))


def payloads(sender: int, topics: Iterable[Topic]) -> Iterator[str]:
    """The texts of as few notifications as hold all the topics."""
    held: list[Topic] = []
    size = empty = len(str(sender))
    for topic in topics:
        if size + 1 + len(topic) > MAX_PAYLOAD_BYTES:
            yield payload(sender, held)
            held, size = [], empty
        held.append(topic)
        size += 1 + len(topic)
    if held:
        yield payload(sender, held)


def read(payload: str) -> tuple[str, list[Topic]]:
    """The sender's number and the topics of a notification, whoever sent it."""
    sender, *topics = payload.split(" ")
    return sender, [Topic(topic) for topic in topics]
