"""What is called through redis-py: every method that it has for streams, and their errors."""

from functools import partial
from typing import Any

import redis

from tests.conformance.redis_py import Call, Conversation


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
        # Since 7.2 the replies say when a consumer was last active.
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
