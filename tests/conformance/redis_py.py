"""redis-py as a client of the service: its own parsing of replies is the model for their shapes.

What Redis replied is recorded as JSON. The same client reads it, the replies of the service, and
Redis itself, in each of its dialects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
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
"""How redis-py can be told which values to make of RESP3's replies."""


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


def recorded_replies(url: str) -> Iterator[list[Any]]:
    """What the Redis at that URL replies to each conversation, less times."""
    tape: list[Any] = []
    with client_of_redis(url, protocol=3, connection_class=_TapedConnection, tape=tape) as client:
        for conversation in CONVERSATIONS:
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


def _command(*words: Any) -> Call:
    """Words that no method of redis-py sends."""

    def send(r: Any) -> Any:
        return r.execute_command(*words)

    return send


def _adds(count: int) -> list[Call]:
    """XADDs of 1-0, 2-0 and so on."""
    return [partial(_add, entry_id=f"{number}-0") for number in range(1, count + 1)]


def _add(r: redis.Redis, entry_id: str) -> Any:
    return r.xadd("k", {"f": "v"}, id=entry_id)


def _read_new(r: redis.Redis, **options: Any) -> Any:
    return r.xreadgroup("g", "c", {"k": ">"}, **options)


def _group(last: str, *, consumers: int, pending: int, entries_read: int, lag: int) -> Any:
    return {
        "name": "g",
        "consumers": consumers,
        "pending": pending,
        "last-delivered-id": last,
        "entries-read": entries_read,
        "lag": lag,
    }


CONVERSATIONS = [
    Conversation(
        "xadd, xlen",
        [
            lambda r: r.xlen("k"),
            lambda r: r.xadd("k", {"f": "v"}, nomkstream=True),
            lambda r: r.xadd("k", {"f": 1, "g": 1.5, "h": "ü\0", "": ""}, id="1-1"),
            lambda r: r.xadd("k", {"f": "v"}, id="1-*"),
            lambda r: r.xadd("k", {"f": "v"}, id="7"),
            lambda r: r.xadd("k", {"f": "v"}, id="8-0", maxlen=2, approximate=False),
            lambda r: r.xadd("k", {"f": "v"}, id="9-0", minid="9", approximate=False),
            lambda r: r.xadd("k", {"f": "v"}, id="10-0", maxlen=1, limit=5),
            lambda r: r.xlen("k"),
            lambda r: r.xadd("k", {"f": "v"}, id="10-0"),
            lambda r: r.xadd("k", {"f": "v"}, id="0-0"),
            lambda r: r.xadd("k", {"f": "v"}, id="ten"),
            lambda r: r.xadd("k", {"f": "v"}, id="11-0", maxlen=1, approximate=False, limit=5),
            _command("XADD", "k", "11-0", "f"),
        ],
    ),
    Conversation(
        "xrange, xrevrange",
        [
            lambda r: r.xrange("k"),
            lambda r: r.xadd("k", {"f": "v", "g": "w"}, id="1-0"),
            _command("XADD", "k", "2-0", "f", "1", "f", "2"),
            lambda r: r.xadd("k", {"f": "x"}, id="2-1"),
            lambda r: r.xrange("k"),
            lambda r: r.xrange("k", min="(1-0", max="2"),
            lambda r: r.xrange("k", count=1),
            lambda r: r.xrange("k", min="3"),
            _command("XRANGE", "k", "-", "+", "COUNT", 0),
            lambda r: r.xrevrange("k"),
            lambda r: r.xrevrange("k", max="2-0", min="1-0", count=1),
            lambda r: r.xrange("k", min="one"),
            lambda r: r.xrange("k", min="(18446744073709551615-18446744073709551615"),
        ],
    ),
    Conversation(
        "xread",
        [
            lambda r: r.xread({"k": "0"}),
            lambda r: r.xadd("k", {"f": "v"}, id="1-0"),
            lambda r: r.xadd("k", {"f": "w"}, id="2-0"),
            lambda r: r.xadd("a", {"f": "v"}, id="1-0"),
            lambda r: r.xread({"k": "0"}),
            lambda r: r.xread({"k": "0", "nothing": "0", "a": "0"}, count=1),
            lambda r: r.xread({"k": "1-0", "a": "1-0"}, block=1),
            lambda r: r.xread({"k": "$"}),
            lambda r: r.xread({"k": "$"}, block=1),
            lambda r: r.xread({"k": "+"}),
            lambda r: r.xread({"k": ">"}),
            _command("XREAD", "STREAMS", "k", "a", "0"),
        ],
        in_8={
            10: {"k": [["2-0", ["f", "w"]]]},
            12: {
                "error": "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', "
                "or '$' must be specified."
            },
        },
    ),
    Conversation(
        "xdel, xtrim",
        [
            lambda r: r.xdel("k", "1-0"),
            lambda r: r.xtrim("k", maxlen=1),
            *_adds(6),
            lambda r: r.xdel("k", "2-0", "2-0", "9-9"),
            lambda r: r.xdel("k", "2-0"),
            lambda r: r.xtrim("k", maxlen=1),
            lambda r: r.xtrim("k", maxlen=4, approximate=False),
            lambda r: r.xtrim("k", minid="5", approximate=False),
            lambda r: r.xtrim("k", minid="6", limit=10),
            lambda r: r.xinfo_stream("k"),
            lambda r: r.xdel("k", "two"),
            lambda r: r.xtrim("k", maxlen=1, approximate=False, limit=5),
            lambda r: r.xtrim("k", maxlen=-1),
            lambda r: r.xtrim("k", minid="two"),
        ],
    ),
    Conversation(
        "xgroup_create, _setid, _destroy, _createconsumer, _delconsumer",
        [
            lambda r: r.xgroup_create("k", "g"),
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            lambda r: r.xgroup_create("k", "g"),
            lambda r: r.xgroup_create("k", "early", id="0", entries_read=0),
            lambda r: r.xgroup_create("k", "h", id="zero"),
            lambda r: r.xgroup_create("k", "h", entries_read=-2),
            lambda r: r.xgroup_createconsumer("k", "g", "c"),
            lambda r: r.xgroup_createconsumer("k", "g", "c"),
            lambda r: r.xgroup_createconsumer("k", "nobody", "c"),
            lambda r: r.xadd("k", {"f": "v"}, id="1-0"),
            lambda r: r.xgroup_setid("k", "g", "$"),
            lambda r: r.xgroup_setid("k", "g", "0", entries_read=0),
            lambda r: r.xgroup_setid("k", "nobody", "0"),
            _read_new,
            lambda r: r.xgroup_delconsumer("k", "g", "c"),
            lambda r: r.xgroup_delconsumer("k", "g", "c"),
            lambda r: r.xgroup_destroy("k", "g"),
            lambda r: r.xgroup_destroy("k", "g"),
            lambda r: r.xgroup_destroy("nothing", "g"),
            lambda r: r.xinfo_groups("k"),
        ],
    ),
    Conversation(
        "xreadgroup, xack",
        [
            _read_new,
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            _read_new,
            lambda r: _read_new(r, block=1),
            *_adds(6),
            lambda r: _read_new(r, count=2),
            lambda r: _read_new(r, count=1, noack=True),
            _read_new,
            _read_new,
            lambda r: r.xreadgroup("g", "c", {"k": "0"}),
            lambda r: r.xreadgroup("g", "c", {"k": "4-0"}, count=1),
            lambda r: r.xdel("k", "2-0"),
            lambda r: r.xreadgroup("g", "c", {"k": "0"}, count=3),
            lambda r: r.xreadgroup("g", "d", {"k": "0"}),
            lambda r: r.xack("k", "g", "1-0", "3-0", "4-0"),
            lambda r: r.xack("k", "g", "1-0"),
            lambda r: r.xack("k", "nobody", "1-0"),
            lambda r: r.xack("k", "g", "one"),
            lambda r: r.xreadgroup("g", "c", {"k": "$"}),
            lambda r: r.xreadgroup("nobody", "c", {"k": ">"}),
            lambda r: r.xgroup_create("a", "g", mkstream=True),
            lambda r: r.xreadgroup("g", "c", {"a": ">", "k": "0"}),
            lambda r: r.xadd("a", {"f": "v"}, id="1-0"),
            lambda r: r.xreadgroup("g", "c", {"k": "9", "a": ">"}),
        ],
    ),
    Conversation(
        "xpending, xpending_range",
        [
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            lambda r: r.xpending("k", "g"),
            lambda r: r.xpending_range("k", "g", "-", "+", 10),
            *_adds(3),
            lambda r: _read_new(r, count=2),
            lambda r: r.xreadgroup("g", "b", {"k": ">"}),
            lambda r: r.xpending("k", "g"),
            lambda r: r.xpending_range("k", "g", "-", "+", 10),
            lambda r: r.xpending_range("k", "g", "(1-0", "+", 1),
            lambda r: r.xpending_range("k", "g", "-", "+", 10, consumername="b"),
            lambda r: r.xpending_range("k", "g", "-", "+", 10, consumername="nobody"),
            lambda r: r.xpending_range("k", "g", "-", "+", 10, idle=60_000),
            lambda r: r.xpending("k", "nobody"),
            lambda r: r.xpending("nothing\nü", "g"),
            lambda r: r.xpending_range("k", "g", "one", "+", 10),
        ],
    ),
    Conversation(
        "xclaim",
        [
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            *_adds(5),
            lambda r: _read_new(r, count=3),
            lambda r: r.xclaim("k", "g", "d", 0, ["1-0", "2-0", "4-0"]),
            lambda r: r.xclaim("k", "g", "d", 0, ["1-0", "3-0"], justid=True),
            lambda r: r.xclaim("k", "g", "d", 3_600_000, ["1-0"]),
            lambda r: r.xclaim("k", "g", "d", 0, ["4-0"], force=True),
            lambda r: r.xclaim("k", "g", "d", 0, ["2-0"], retrycount=7, idle=90_000),
            lambda r: r.xclaim("k", "g", "d", 60_000, ["1-0", "2-0"], idle=90_000, justid=True),
            lambda r: r.xclaim("k", "g", "d", 0, ["1-0"], time=1000, retrycount=0, justid=True),
            lambda r: r.xpending_range("k", "g", "-", "+", 10),
            lambda r: r.xpending_range("k", "g", "-", "+", 10, idle=60_000),
            lambda r: r.xdel("k", "1-0"),
            lambda r: r.xclaim("k", "g", "d", 0, ["1-0", "2-0"]),
            lambda r: r.xpending("k", "g"),
            lambda r: r.xclaim("k", "g", "e", 0, ["9-0"]),
            lambda r: r.xinfo_groups("k"),
            lambda r: r.xclaim("k", "nobody", "d", 0, ["2-0"]),
            lambda r: r.xclaim("k", "g", "d", 0, ["two"]),
            _command("XCLAIM", "k", "g", "d", "soon", "2-0"),
        ],
        # XCLAIM makes its consumer even if it claims nothing.
        in_8={21: [_group("3-0", consumers=3, pending=3, entries_read=3, lag=2)]},
    ),
    Conversation(
        "xautoclaim",
        [
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            lambda r: r.xautoclaim("k", "g", "d", 0),
            *_adds(5),
            _read_new,
            lambda r: r.xdel("k", "2-0", "4-0"),
            lambda r: r.xautoclaim("k", "g", "d", 3_600_000),
            lambda r: r.xautoclaim("k", "g", "d", 0, count=2),
            lambda r: r.xautoclaim("k", "g", "d", 0, start_id="3-0", justid=True),
            lambda r: r.xautoclaim("k", "g", "d", 0, start_id="(3-0"),
            lambda r: r.xpending_range("k", "g", "-", "+", 10),
            lambda r: r.xautoclaim("k", "nobody", "d", 0),
            lambda r: r.xautoclaim("k", "g", "d", 0, start_id="one"),
            lambda r: r.xautoclaim("k", "g", "d", 0, count=0),
        ],
    ),
    Conversation(
        "xinfo_stream, _groups",
        [
            lambda r: r.xinfo_stream("k"),
            lambda r: r.xinfo_stream("k", full=True),
            lambda r: r.xinfo_groups("k"),
            *_adds(11),
            lambda r: r.xinfo_groups("k"),
            lambda r: r.xinfo_stream("k"),
            lambda r: r.xinfo_stream("k", full=True),
            lambda r: r.xgroup_create("k", "middle", id="5-0"),
            lambda r: r.xgroup_create("k", "g", id="0"),
            lambda r: r.xinfo_groups("k"),
            lambda r: r.xinfo_stream("k", full=True),
            lambda r: r.xtrim("k", maxlen=0, approximate=False),
            lambda r: r.xinfo_stream("k"),
            lambda r: r.xinfo_stream("k", full=True),
            _command("XINFO STREAM", "k", "HALF"),
        ],
    ),
    Conversation(
        "xinfo_consumers, xinfo_stream(full=True)",
        [
            lambda r: r.xinfo_consumers("k", "g"),
            lambda r: r.xgroup_create("k", "g", mkstream=True),
            lambda r: r.xinfo_consumers("k", "g"),
            lambda r: r.xinfo_consumers("k", "nobody"),
            *_adds(2),
            lambda r: _read_new(r, count=1),
            lambda r: r.xgroup_createconsumer("k", "g", "idler"),
            lambda r: r.xinfo_consumers("k", "g"),
            lambda r: r.xinfo_stream("k", full=True)["groups"],
        ],
        # 7.2 brought what is told of a consumer's activity.
        in_8={
            9: [
                {"name": "c", "pending": 1, "idle": 0, "inactive": 0},
                {"name": "idler", "pending": 0, "idle": 0, "inactive": -1},
            ],
            10: {
                "entries": [],
                "groups": [
                    {
                        "name": "g",
                        "last-delivered-id": "1-0",
                        "entries-read": 1,
                        "lag": 1,
                        "pel-count": 1,
                        "pending": [["1-0", "c", 0, 1]],
                        "consumers": [
                            {
                                "name": "c",
                                "seen-time": 0,
                                "active-time": 0,
                                "pel-count": 1,
                                "pending": [["1-0", "a time", 1]],
                            },
                            {
                                "name": "idler",
                                "seen-time": 0,
                                "active-time": -1,
                                "pel-count": 0,
                                "pending": [],
                            },
                        ],
                    }
                ],
            },
        },
    ),
    Conversation(
        "lag",
        [
            lambda r: r.xadd("k", {"f": "v"}, id="1-0"),
            lambda r: r.xgroup_create("k", "g", id="0"),
            _read_new,
            lambda r: r.xadd("k", {"f": "v"}, id="2-0"),
            lambda r: r.xadd("k", {"f": "v"}, id="3-0"),
            lambda r: r.xinfo_groups("k"),
            lambda r: r.xdel("k", "2-0"),
            lambda r: r.xinfo_groups("k"),
            lambda r: r.xdel("k", "1-0"),
            lambda r: r.xinfo_groups("k"),
            _read_new,
            lambda r: r.xinfo_groups("k"),
        ],
        in_8={
            10: [_group("1-0", consumers=1, pending=1, entries_read=1, lag=1)],
            12: [_group("3-0", consumers=1, pending=2, entries_read=3, lag=0)],
        },
    ),
]
