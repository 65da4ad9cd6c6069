"""Pipelines and transactions: several commands in one request."""

from typing import Any

import pytest

from tests.api import Api

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize("path", ["/pipeline", "/transaction"])


@BOTH
def test_commands_run_in_order(api: Api, path: str) -> None:
    answer = api.post(
        path,
        [
            ["XADD", "events", "1-0", "a", 1],
            ["xlen", "events"],
            ["XADD", "events", "2-0", "a", 2],
            ["XRANGE", "events", "-", "+"],
            ["XDEL", "events", "1-0"],
            ["XLEN", "events"],
        ],
    )
    assert answer.body == {
        "ok": True,
        "data": ["1-0", 1, "2-0", [["1-0", ["a", "1"]], ["2-0", ["a", "2"]]], 1, 1],
    }


@BOTH
def test_an_empty_batch_gives_an_empty_list(api: Api, path: str) -> None:
    assert api.post(path, []).body == {"ok": True, "data": []}


@BOTH
def test_an_empty_command_is_refused(api: Api, path: str) -> None:
    answer = api.post(path, [["XADD", "events", "*", "a", "1"], []])
    assert (answer.status, answer.code) == (400, "invalid_command")
    assert api.run("XLEN", "events") == 0


@BOTH
@pytest.mark.parametrize("item", ["XLEN events", {}, 5, None, ["XLEN", None], [["XLEN"]]])
def test_what_is_no_command_is_refused(api: Api, path: str, item: Any) -> None:
    answer = api.post(path, [["XADD", "events", "*", "a", "1"], item])
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "[1]" in answer.message
    assert api.run("XLEN", "events") == 0


@BOTH
def test_an_unsupported_command_refuses_the_whole_batch(api: Api, path: str) -> None:
    answer = api.post(path, [["XADD", "events", "*", "a", "1"], ["SET", "a", "b"]])
    assert (answer.status, answer.code) == (400, "unsupported_command")
    assert api.run("XLEN", "events") == 0


def test_a_failed_command_of_a_pipeline_stands_as_its_error(api: Api) -> None:
    answer = api.post(
        "/pipeline",
        [
            ["XADD", "events", "5-0", "a", "1"],
            ["XADD", "events", "4-0", "a", "1"],
            ["XADD", "events"],
            ["XACK", "events", "g", "1-0"],
            ["XPENDING", "events", "g"],
            ["XADD", "events", "6-0", "a", "1"],
        ],
    )
    top = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
    assert answer.body["data"] == [
        "5-0",
        {"error": top},
        {"error": "ERR wrong number of arguments for 'xadd' command"},
        0,
        {"error": "NOGROUP No such key 'events' or consumer group 'g'"},
        "6-0",
    ]


@pytest.mark.parametrize(
    ("failing", "status", "code"),
    [
        (["XADD", "events", "1-0", "a", "1"], 409, "id_conflict"),
        (["XADD", "events"], 400, "invalid_command"),
        (["XPENDING", "events", "g"], 404, "nogroup"),
        (["XINFO", "STREAM", "none"], 404, "not_found"),
    ],
)
def test_a_failed_command_of_a_transaction_leaves_nothing_changed(
    api: Api, failing: list[str], status: int, code: str
) -> None:
    api.run("XADD", "events", "5-0", "a", "1")
    before = api.run("XINFO", "STREAM", "events")
    answer = api.post(
        "/transaction",
        [
            ["XADD", "events", "6-0", "a", "1"],
            ["XADD", "new", "1-0", "a", "1"],
            ["XGROUP", "CREATE", "third", "g", "$", "MKSTREAM"],
            failing,
            ["XDEL", "events", "5-0"],
        ],
    )
    assert (answer.status, answer.code) == (status, code)
    assert answer.body["error"]["index"] == 3
    assert api.run("XINFO", "STREAM", "events") == before
    assert [stream["key"] for stream in api.get("/streams").result["streams"]] == ["events"]


def test_a_transaction_sees_what_it_made_and_not_before(api: Api) -> None:
    answer = api.post(
        "/transaction",
        [
            ["XADD", "events", "NOMKSTREAM", "*", "a", "1"],
            ["XRANGE", "events", "-", "+", "COUNT", "0"],
            ["XADD", "events", "1-0", "a", "1"],
            ["XGROUP", "CREATE", "events", "g", "0"],
            ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "events", ">"],
            ["XACK", "events", "g", "1-0"],
        ],
    )
    assert answer.body["data"] == [None, [], "1-0", "OK", {"events": [["1-0", ["a", "1"]]]}, 1]


def test_a_stream_does_not_exist_before_its_turn_in_a_transaction(api: Api) -> None:
    answer = api.post(
        "/transaction", [["XINFO", "STREAM", "events"], ["XADD", "events", "*", "a", "1"]]
    )
    assert (answer.status, answer.body["error"]["index"]) == (404, 0)
    assert api.get("/streams").result["streams"] == []


@BOTH
def test_a_batch_may_be_so_long_and_no_longer(api: Api, path: str, settings: Any) -> None:
    settings.STREAMS_MAX_BATCH = 3
    assert api.post(path, [["XLEN", "a"]] * 3).body["data"] == [0, 0, 0]
    answer = api.post(path, [["XLEN", "a"]] * 4)
    assert (answer.status, answer.code) == (413, "payload_too_large")


class TestLimits:
    def test_a_body_over_the_limit_is_refused(self, api: Api, settings: Any) -> None:
        settings.STREAMS_MAX_BODY_BYTES = 100
        fits = {"key": "a", "values": {"f": "x" * 60}}
        assert api.post("/streams/add", fits).status == 200
        answer = api.post("/streams/add", {"key": "a", "values": {"f": "x" * 80}})
        assert (answer.status, answer.code) == (413, "payload_too_large")
        assert "100" in answer.message

    def test_an_entry_over_the_limit_is_refused(self, api: Api, settings: Any) -> None:
        settings.STREAMS_MAX_ENTRY_BYTES = 10
        assert api.post("/streams/add", {"key": "a", "values": {"f": "x" * 9}}).status == 200
        answer = api.post("/streams/add", {"key": "a", "values": {"f": "x" * 10}})
        assert (answer.status, answer.code) == (413, "payload_too_large")

    @pytest.mark.parametrize("member", ["entries", "ids"])
    def test_a_list_over_the_limit_is_refused(self, api: Api, settings: Any, member: str) -> None:
        settings.STREAMS_MAX_BATCH = 2
        path, item = {
            "entries": ("/streams/add", {"values": {"a": 1}}),
            "ids": ("/streams/delete", "1-0"),
        }[member]
        assert api.post(path, {"key": "a", member: [item] * 2}).status == 200
        answer = api.post(path, {"key": "a", member: [item] * 3})
        assert (answer.status, answer.code) == (413, "payload_too_large")
        assert member in answer.message

    @pytest.mark.parametrize(
        ("path", "member"),
        [
            ("/streams/add", "entries"),
            ("/streams/read", "streams"),
            ("/streams/delete", "ids"),
            ("/streams/groups/read", "streams"),
            ("/streams/groups/ack", "ids"),
            ("/streams/groups/claim", "ids"),
            ("/streams/tickets", "keys"),
        ],
    )
    def test_the_length_of_a_list_is_looked_at_before_its_items(
        self, api: Api, settings: Any, path: str, member: str
    ) -> None:
        settings.STREAMS_MAX_BATCH = 2
        assert api.post(path, {member: [1] * 2}).code == "invalid_request"
        answer = api.post(path, {member: [1] * 3})
        assert (answer.status, answer.code) == (413, "payload_too_large")
        assert answer.message == f"{member} may hold at most 2 items"

    @pytest.mark.parametrize(
        ("words", "of_each", "things"),
        [
            (["XDEL", "k"], ["1-0"], "IDs"),
            (["XACK", "k", "g"], ["1-0"], "IDs"),
            (["XCLAIM", "k", "g", "c", "0"], ["1-0"], "IDs"),
            (["XREAD", "STREAMS"], ["k", "0"], "streams"),
            (["XREADGROUP", "GROUP", "g", "c", "STREAMS"], ["0", "0"], "streams"),
        ],
    )
    def test_a_command_over_the_limit_is_refused(
        self, api: Api, settings: Any, words: list[str], of_each: list[str], things: str
    ) -> None:
        settings.STREAMS_MAX_BATCH = 2
        message = f"a command may name at most 2 {things}"
        assert api.send(*words, *of_each * 2).status != 413
        answer = api.send(*words, *of_each * 3)
        assert (answer.status, answer.code, answer.message) == (413, "payload_too_large", message)
        piped = api.post("/pipeline", [["XLEN", "k"], [*words, *of_each * 3]])
        assert piped.body["data"] == [0, {"error": message}]

    def test_a_command_has_at_most_so_many_words(self, api: Api) -> None:
        words = ["k", "-", "+"] + ["COUNT", 1] * 2**19
        answer = api.send("XRANGE", *words)
        assert (answer.status, answer.code) == (413, "payload_too_large")
        assert answer.message == "args may hold at most 1048576 words"
        assert api.send("XRANGE", *words[:-4]).result == []


class TestTheCollection:
    def test_it_lists_streams_in_byte_order_with_pages(self, api: Api) -> None:
        for key in ("b", "a", "ab", "é", "B"):
            api.run("XADD", key, "1-0", "f", "v")
        api.run("XGROUP", "CREATE", "a", "g", "$")
        first = api.get("/streams?count=3").result
        assert [stream["key"] for stream in first["streams"]] == ["B", "a", "ab"]
        assert first["streams"][1] == {
            "key": "a",
            "length": 1,
            "last_generated_id": "1-0",
            "groups": 1,
        }
        rest = api.get("/streams", count=3, cursor=first["cursor"]).result
        assert [stream["key"] for stream in rest["streams"]] == ["b", "é"]
        assert rest["cursor"] is None

    @pytest.mark.parametrize(
        ("pattern", "keys"),
        [
            ("*", ["a1", "a2", "b1", "b[1]"]),
            ("a*", ["a1", "a2"]),
            ("?1", ["a1", "b1"]),
            ("[ab]1", ["a1", "b1"]),
            ("[^a]1", ["b1"]),
            ("b\\[1\\]", ["b[1]"]),
            ("a", []),
        ],
    )
    def test_it_matches_globs(self, api: Api, pattern: str, keys: list[str]) -> None:
        for key in ("a1", "a2", "b1", "b[1]"):
            api.run("XADD", key, "*", "f", "v")
        listed = api.get("/streams", match=pattern).result["streams"]
        assert [stream["key"] for stream in listed] == keys

    def test_a_page_of_much_work_ends_early_and_goes_on_at_its_cursor(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("streams.commands.list_streams.MOST_STEPS", 100)
        for n in range(5):
            api.run("XADD", f"k{n}", "*", "f", "v")
        page = api.get("/streams", match="*" * 30 + "4").result
        assert page["streams"] == []
        while page["streams"] == []:
            page = api.get("/streams", match="*" * 30 + "4", cursor=page["cursor"]).result
        assert [stream["key"] for stream in page["streams"]] == ["k4"]

    @pytest.mark.parametrize("query", ["count=0", "count=1001", "cursor=!", "page=2"])
    def test_it_refuses_what_it_does_not_know(self, api: Api, query: str) -> None:
        answer = api.get(f"/streams?{query}")
        assert answer.status == 400

    def test_it_shows_nothing_of_another_plate(self, api: Api, other_api: Api) -> None:
        api.run("XADD", "events", "*", "f", "v")
        assert other_api.get("/streams").result == {"streams": [], "cursor": None}
        assert other_api.run("XLEN", "events") == 0
