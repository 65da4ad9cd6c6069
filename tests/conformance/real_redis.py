"""A real Redis as the source of replies, and what it replied once, which stands in for it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.conformance.words import Words

DATABASE = 9
"""A database of Redis that is emptied before each list of commands, if the URL names none."""


class RealRedis:
    """Replies in the JSON form of the service: RESP3, an error as an object with its text."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def replies_to(self, commands: Iterable[Words]) -> list[Any]:
        """The replies to commands that start from nothing."""
        self.forget_everything()
        return [self.reply_to(words) for words in commands]

    def forget_everything(self) -> None:
        """Start from nothing."""
        self.reply_to(["FLUSHDB"])

    def reply_to(self, words: Words) -> Any:
        """The reply to one command."""
        self.send(words)
        return self.receive()

    def send(self, words: Words) -> None:
        """Send a command without waiting for its reply."""
        self._connection.send_command(*words)

    def has_reply(self) -> bool:
        """Whether there is something to receive."""
        return bool(self._connection.can_read(timeout=0))

    def receive(self) -> Any:
        """The next reply."""
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            return {"error": _whole_text(str(error))}


def _whole_text(text: str) -> str:
    """An error's text with its first word; the client library takes ERR off, and no other."""
    return text if text.split(" ")[0] in ("NOGROUP", "BUSYGROUP") else f"ERR {text}"


@contextmanager
def connected(url: str) -> Iterator[RealRedis]:
    """A connection of its own to the Redis at that URL."""
    client = redis.Redis.from_url(url, db=DATABASE, decode_responses=True, protocol=3)
    connection: Any = client.connection_pool.get_connection()
    try:
        yield RealRedis(connection)
    finally:
        connection.disconnect()
        client.close()


class Record:
    """Lists of replies that are kept in a file, one a line."""

    def __init__(self, name: str) -> None:
        self._path = Path(__file__).parent / name

    def write(self, lists: Iterable[list[Any]]) -> None:
        """Put these in the place of those before."""
        lines = [json.dumps(replies) for replies in lists]
        self._path.write_text("[\n" + ",\n".join(lines) + "\n]\n")

    def read(self) -> list[list[Any]]:
        """All lists, in the order in which they were written."""
        lists: list[list[Any]] = json.loads(self._path.read_text())
        return lists
