"""A real Redis as the source of replies, and the transcript that stands in for it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.conformance.sequences import Words, comparable, sequence

TRANSCRIPT = Path(__file__).parent / "transcript.json"
RECORDED_SEEDS = range(40)

DATABASE = 9
"""A database of Redis that is emptied before each sequence."""


class RealRedis:
    """Replies in the JSON form of the service: RESP3, errors as their text."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def replies_to(self, commands: Iterable[Words]) -> list[Any]:
        """The comparable replies to a sequence that starts from nothing."""
        self._send(["FLUSHDB"])
        return [comparable(words, self._send(words)) for words in commands]

    def _send(self, words: Words) -> Any:
        self._connection.send_command(*words)
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            return f"error: {without_prefix(str(error))}"


def without_prefix(text: str) -> str:
    """An error's text without its first word, which the client library takes off itself."""
    first, _, rest = text.partition(" ")
    return rest if first in ("ERR", "NOGROUP", "BUSYGROUP") else text


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


def record(url: str) -> None:
    """Renew the transcript from the Redis at that URL: one line for each sequence."""
    with connected(url) as real:
        lines = [json.dumps(real.replies_to(sequence(seed))) for seed in RECORDED_SEEDS]
    TRANSCRIPT.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def transcript() -> list[list[Any]]:
    """The recorded replies, by seed."""
    recorded: list[list[Any]] = json.loads(TRANSCRIPT.read_text())
    return recorded
