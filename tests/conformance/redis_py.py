"""redis-py as a client of the service: its own parsing of replies is the model for their shapes.

What Redis replied is recorded as JSON. The same client reads it, the replies of the service, and
Redis itself, in each of its dialects.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.connection import AbstractConnection
from redis.maint_notifications import MaintNotificationsConfig

from tests.conformance.real_redis import DATABASE, Record
from tests.conformance.words import Words

RECORD = Record("redis_py.json")

Call = Callable[[redis.Redis], Any]

DIALECTS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "protocol=3": {"protocol": 3},
    "legacy_responses=False": {"legacy_responses": False},
}
"""Options of redis-py, which say what values it makes of RESP3's replies."""


@dataclass(frozen=True)
class Conversation:
    """Calls from nothing. 7.0.15 tells the replies; `in_8` those that 8.0 changed, by number."""

    about: str
    calls: Sequence[Call]
    in_8: Mapping[int, Any] = field(default_factory=dict)

    def outcomes(self, client: redis.Redis) -> list[Any]:
        """What redis-py makes of each reply, less times: a value, or an exception's features."""
        return [without_times(_outcome(call, client)) for call in self.calls]

    def expected(self, replies_of_7: list[Any]) -> list[Any]:
        """What 8.0 replies."""
        return [self.in_8.get(number, reply) for number, reply in enumerate(replies_of_7, 1)]


def _outcome(call: Call, client: redis.Redis) -> Any:
    try:
        return call(client)
    except redis.RedisError as error:
        return type(error), str(error), error.status_code


class AnsweredConnection(AbstractConnection):
    """A connection whose replies come from a function: JSON, an error an object with its text."""

    def __init__(self, answer: Callable[[Words], Any], **options: Any) -> None:
        super().__init__(**options)
        self._answer = answer
        self._reply: Any = None

    def connect(self) -> None:
        """There is nothing to connect to."""

    def can_read(self, timeout: float = 0) -> bool:
        return False

    def send_command(self, *args: Any, **_options: Any) -> None:
        name, *words = args
        # A command and its subcommand come as one word, which redis-py's own packing splits.
        self._reply = self._answer([*name.split(), *map(self._text, words)])

    def _text(self, word: Any) -> str:
        encoder: Any = self.encoder
        return bytes(encoder.encode(word)).decode()

    def read_response(self, *_args: Any, **_options: Any) -> Any:
        match self._reply:
            case {"error": text}:
                raise self._parser.parse_error(text)
        return self._reply


_OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}


def client_of(answer: Callable[[Words], Any], dialect: Mapping[str, Any]) -> redis.Redis:
    """redis-py with a function in the place of Redis."""
    options: dict[str, Any] = {**_OPTIONS, **dialect, "answer": answer}
    return redis.Redis.from_pool(
        redis.ConnectionPool(connection_class=AnsweredConnection, **options)
    )


def client_of_redis(url: str, **options: Any) -> redis.Redis:
    """redis-py as it is, with the Redis at that URL; to be closed."""
    return redis.Redis.from_pool(
        redis.ConnectionPool.from_url(url, db=DATABASE, **_OPTIONS, **options)
    )


def recorded_replies(url: str, conversations: Iterable[Conversation]) -> Iterator[list[Any]]:
    """What the Redis at that URL replies to each conversation, less times."""
    tape: list[Any] = []
    with client_of_redis(url, protocol=3, connection_class=_TapedConnection, tape=tape) as client:
        for conversation in conversations:
            client.flushdb()
            tape.clear()
            conversation.outcomes(client)
            yield without_times(list(tape))


class _TapedConnection(redis.Connection):
    """A connection that keeps what it reads, before redis-py makes its values of it."""

    def __init__(self, tape: list[Any], **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._tape = tape

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            reply = super().read_response(*args, **options)
        except redis.ResponseError as error:
            self._tape.append({"error": _whole_text(error)})
            raise
        # redis-py changes replies in place.
        self._tape.append(deepcopy(reply))
        return reply


def _whole_text(error: redis.ResponseError) -> str:
    return f"{error.status_code} {error}" if error.status_code else str(error)


_TIMES = frozenset(("idle", "inactive", "seen-time", "active-time", "time_since_delivered"))

_THIS_CENTURY_MS = 10**12


def without_times(value: Any) -> Any:
    """A reply, or what redis-py made of it, with every time the same; but "never" stays."""
    match value:
        case dict():
            return {
                name: "a time" if name in _TIMES and inner != -1 else without_times(inner)
                for name, inner in value.items()
            }
        case [str(entry_id), str(consumer), int(), int(count)]:
            return [entry_id, consumer, "a time", count]
        case list() | tuple():
            return type(value)(without_times(inner) for inner in value)
        case int() if value > _THIS_CENTURY_MS:
            return "a time"
    return value
