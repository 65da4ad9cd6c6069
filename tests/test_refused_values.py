"""Values that Redis refuses: typed endpoints tell in its words, and whose value it was."""

from typing import Any

import pytest

from streams.domain.ids import MAX_ID
from tests.api import Api
from tests.entry_ids import BADID

pytestmark = pytest.mark.django_db

NOT_AN_INTEGER = "ERR value is not an integer or out of range"

CLAIM = {"key": "k", "group": "g", "consumer": "c"}

WRONG_FOR_REDIS: list[tuple[str, dict[str, Any], str]] = [
    ("/add", {"key": "k", "id": "abc", "values": {"a": 1}}, f"{BADID} (id='abc')"),
    (
        "/add",
        {"key": "k", "entries": [{"values": {"a": 1}}, {"id": "1-x", "values": {"a": 1}}]},
        f"{BADID} (entries[1].id='1-x')",
    ),
    (
        "/add",
        {"key": "k", "entries": [{"id": "0-0", "values": {"a": 1}}]},
        "ERR The ID specified in XADD must be greater than 0-0 (entries[0].id='0-0')",
    ),
    (
        "/add",
        {"key": "k", "values": {"a": 1}, "trim": {"strategy": "minid", "threshold": "abc"}},
        f"{BADID} (trim.threshold='abc')",
    ),
    (
        "/trim",
        {"key": "k", "strategy": "maxlen", "threshold": 2**63},
        f"{NOT_AN_INTEGER} (threshold='9223372036854775808')",
    ),
    (
        "/trim",
        {"key": "k", "strategy": "maxlen", "threshold": -1},
        "ERR The MAXLEN argument must be >= 0. (threshold='-1')",
    ),
    (
        "/trim",
        {"key": "k", "strategy": "maxlen", "threshold": 1, "approximate": True, "limit": -2},
        "ERR The LIMIT argument must be >= 0. (limit='-2')",
    ),
    (
        "/read",
        {"streams": [{"key": "k", "id": "0"}, {"key": "k", "id": "abc"}]},
        f"{BADID} (streams[1].id='abc')",
    ),
    (
        "/read",
        {"streams": [{"key": "k"}], "block_ms": -1},
        "ERR timeout is negative (block_ms='-1')",
    ),
    ("/delete", {"key": "k", "ids": ["1-1", "abc"]}, f"{BADID} (ids[1]='abc')"),
    ("/groups/create", {"key": "k", "group": "h", "id": "abc"}, f"{BADID} (id='abc')"),
    (
        "/groups/create",
        {"key": "k", "group": "h", "entries_read": -2},
        "ERR value for ENTRIESREAD must be positive or -1 (entries_read='-2')",
    ),
    (
        "/groups/read",
        {"group": "g", "consumer": "c", "streams": [{"key": "k"}, {"key": "k", "id": "abc"}]},
        f"{BADID} (streams[1].id='abc')",
    ),
    ("/groups/ack", {"key": "k", "group": "g", "ids": ["1-1", "abc"]}, f"{BADID} (ids[1]='abc')"),
    ("/groups/claim", {**CLAIM, "ids": ["1-1", "2-2", ""]}, f"{BADID} (ids[2]='')"),
    ("/groups/claim", {**CLAIM, "ids": ["1-1"], "last_id": "$"}, f"{BADID} (last_id='$')"),
    ("/groups/autoclaim", {**CLAIM, "start": "abc"}, f"{BADID} (start='abc')"),
    ("/groups/autoclaim", {**CLAIM, "count": 0}, "ERR COUNT must be > 0 (count='0')"),
]


@pytest.mark.parametrize(("path", "body", "message"), WRONG_FOR_REDIS)
def test_redis_words_are_followed_by_the_member_and_its_value(
    api: Api, path: str, body: dict[str, Any], message: str
) -> None:
    api.run("XADD", "k", "1-1", "f", "v")
    api.run("XGROUP", "CREATE", "k", "g", "0")
    before = api.run("XINFO", "STREAM", "k", "FULL")
    answer = api.post(f"/streams{path}", body)
    assert (answer.status, answer.code, answer.message) == (400, "invalid_command", message)
    assert api.run("XINFO", "STREAM", "k", "FULL") == before


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("range/k?start=abc", f"{BADID} (start='abc')"),
        ("range/k?end=1-1-1", f"{BADID} (end='1-1-1')"),
        ("range/k?start=", f"{BADID} (start='')"),
        ("reverse/k?start=abc", f"{BADID} (start='abc')"),
        ("reverse/k?end=a%0Ab", f"{BADID} (end='a\\nb')"),
        (
            f"range/k?start=({MAX_ID}",
            f"ERR invalid start ID for the interval (start='({MAX_ID}')",
        ),
        ("reverse/k?start=(0-0", "ERR invalid end ID for the interval (start='(0-0')"),
        ("groups/pending/k/g?start=abc", f"{BADID} (start='abc')"),
        ("groups/pending/k/g?end=", f"{BADID} (end='')"),
        ("tail/k?from=abc", f"{BADID} (from='abc')"),
        ("tail?key=k&key=l&last_event_id=1-1,abc", f"{BADID} (last_event_id='abc')"),
        (f"range/k?start={'9' * 1000}", f"{BADID} (start='{'9' * 63}…')"),
    ],
)
def test_redis_words_are_followed_by_the_parameter_and_its_value(
    api: Api, path: str, message: str
) -> None:
    answer = api.get(f"/streams/{path}")
    assert (answer.status, answer.code, answer.message) == (400, "invalid_command", message)


def test_redis_own_commands_are_refused_in_redis_words_alone(api: Api) -> None:
    api.run("XADD", "k", "1-1", "f", "v")
    api.run("XGROUP", "CREATE", "k", "g", "0")
    assert api.refusal("XDEL", "k", "1-1", "abc") == BADID
    assert api.refusal("XACK", "k", "g", "1-1", "abc") == BADID
    assert api.refusal("XRANGE", "k", "abc", "+") == BADID
    assert api.refusal("XADD", "k", "abc", "f", "v") == BADID
    assert api.refusal("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", "abc") == BADID


def test_a_malformed_id_does_not_matter_where_there_is_no_stream_or_group(api: Api) -> None:
    """XDEL-2, XACK-2, XRG-4"""
    ids = {"ids": ["1-1", "abc"]}
    assert api.post("/streams/delete", {"key": "none", **ids}).result == 0
    assert api.post("/streams/groups/ack", {"key": "none", "group": "g", **ids}).result == 0
    read = {"group": "g", "consumer": "c", "streams": [{"key": "none", "id": "abc"}]}
    assert api.post("/streams/groups/read", read).code == "nogroup"
    create = {"key": "none", "group": "g", "id": "abc"}
    assert api.post("/streams/groups/create", create).code == "not_found"
