"""XREAD that does not block, and POST /read."""

import time

import pytest

from tests.api import Api
from tests.builders import add, add_numbered, counters, entries
from tests.entry_ids import BADID, MAX

SYNTAX = "ERR syntax error"
NOT_AN_INTEGER = "ERR value is not an integer or out of range"
UNBALANCED = (
    "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$'"
    " must be specified."
)
NO_TIMEOUT = "ERR timeout is not an integer or out of range"
GROUP_ONLY = (
    "ERR The > ID can be specified only when calling XREADGROUP using the"
    " GROUP <group> <consumer> option."
)


def only_for_xreadgroup(option: str) -> str:
    return f"ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."


def test_it_works(api: Api) -> None:
    """XREAD-8, XREAD-13, GEN-19"""
    add(api, "a", "1-0", "2-0")
    add(api, "b", "5-0")
    result = api.run("XREAD", "STREAMS", "a", "b", "1-0", "0")
    assert result == {"a": entries("2-0"), "b": entries("5-0")}


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            "COUNT 1",
            "COUNT 5 COUNT 1",
            "count 1",
            "BLOCK 1 COUNT 1",
            "COUNT 1 BLOCK 1 BLOCK 2",
            "BLOCK 0 COUNT 1 BLOCK 1",
        ],
    )
    def test_they_come_in_any_order_and_the_last_wins(self, api: Api, options: str) -> None:
        """XREAD-1"""
        add(api, "k", "1-0", "2-0")
        result = api.run("XREAD", *options.split(), "STREAMS", "k", "0")
        assert result == {"k": entries("1-0")}

    def test_whatever_follows_streams_is_a_key_or_an_id(self, api: Api) -> None:
        """XREAD-1"""
        add(api, "k", "1-0")
        assert api.refusal("XREAD", "STREAMS", "k", "0", "COUNT", "1") == BADID
        add(api, "COUNT", "1-0")
        result = api.run("XREAD", "STREAMS", "k", "COUNT", "0", "0")
        assert result == {"k": entries("1-0"), "COUNT": entries("1-0")}

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            ("COUNT 1 STREAMS", SYNTAX),
            ("COUNT 1 COUNT", SYNTAX),
            ("COUNT 1 BLOCK", SYNTAX),
            ("COUNT 1 k 0", SYNTAX),
            ("FOO STREAMS k 0", SYNTAX),
            ("k 0 0", SYNTAX),
            ("COUNT 1 GROUP", SYNTAX),
            ("COUNT 1 GROUP g", SYNTAX),
            ("COUNT 1 BLOCK 5", SYNTAX),
            ("STREAMS a b 0", UNBALANCED),
            ("STREAMS a b c 0 0", UNBALANCED),
            ("COUNT 1 STREAMS a", UNBALANCED),
            ("GROUP g c STREAMS k 0", only_for_xreadgroup("GROUP")),
            ("GROUP g c STREAMS k >", only_for_xreadgroup("GROUP")),
            ("NOACK STREAMS k 0", only_for_xreadgroup("NOACK")),
            ("COUNT x STREAMS k 0", NOT_AN_INTEGER),
            ("COUNT 01 STREAMS k 0", NOT_AN_INTEGER),
            ("COUNT 1.0 STREAMS k 0", NOT_AN_INTEGER),
            ("BLOCK x STREAMS k 0", NO_TIMEOUT),
            ("BLOCK 1.5 STREAMS k 0", NO_TIMEOUT),
            ("BLOCK 9223372036854775808 STREAMS k 0", NO_TIMEOUT),
            ("BLOCK -1 STREAMS k 0", "ERR timeout is negative"),
            ("BLOCK 9223372036854775807 STREAMS k 0", "ERR timeout is out of range"),
            ("BLOCK -1 COUNT x STREAMS k 0", "ERR timeout is negative"),
            ("COUNT x BLOCK -1 STREAMS k 0", NOT_AN_INTEGER),
        ],
    )
    def test_it_refuses_other_spellings(self, api: Api, words: str, refusal: str) -> None:
        """XREAD-2, XREAD-3, XREAD-4, XREAD-5, XREAD-6"""
        assert api.refusal("XREAD", *words.split()) == refusal


class TestCount:
    @pytest.mark.parametrize(("count", "expected"), [("1", 1), ("2", 2), ("3", 3), ("4", 3)])
    def test_it_is_of_each_stream(self, api: Api, count: str, expected: int) -> None:
        """XREAD-5"""
        add_numbered(api, "a", 3)
        add_numbered(api, "b", 3)
        result = api.run("XREAD", "COUNT", count, "STREAMS", "a", "b", "0", "0")
        some = entries("1-0", "2-0", "3-0")[:expected]
        assert result == {"a": some, "b": some}

    @pytest.mark.parametrize("count", ["0", "-1", "-9223372036854775808"])
    def test_none_or_less_is_all(self, api: Api, count: str) -> None:
        """XREAD-5"""
        add_numbered(api, "k", 3)
        result = api.run("XREAD", "COUNT", count, "STREAMS", "k", "0")
        assert result == {"k": entries("1-0", "2-0", "3-0")}


class TestIds:
    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            ("0", ["1-0", "1-1", "2-0"]),
            ("0-0", ["1-0", "1-1", "2-0"]),
            ("0-1", ["1-0", "1-1", "2-0"]),
            ("1", ["1-1", "2-0"]),
            ("1-0", ["1-1", "2-0"]),
            ("1-1", ["2-0"]),
            (f"1-{MAX}", ["2-0"]),
        ],
    )
    def test_it_reads_what_is_above(self, api: Api, start: str, expected: list[str]) -> None:
        """XREAD-8"""
        add(api, "k", "1-0", "1-1", "2-0")
        assert api.run("XREAD", "STREAMS", "k", start) == {"k": entries(*expected)}

    @pytest.mark.parametrize("start", ["2-0", "2-1", "3", f"{MAX}-{MAX}", "$"])
    def test_nothing_above_is_null(self, api: Api, start: str) -> None:
        """XREAD-9, XREAD-13"""
        add(api, "k", "1-0", "2-0")
        assert api.run("XREAD", "STREAMS", "k", start) is None

    def test_the_top_of_a_missing_stream_is_below_everything(self, api: Api) -> None:
        """XREAD-9, XREAD-12"""
        assert api.run("XREAD", "STREAMS", "k", "$") is None

    @pytest.mark.parametrize("text", ["abc", "", "-", "*", "1-*", "(1", "1-", "$$", "++"])
    @pytest.mark.parametrize("key", ["k", "missing"])
    def test_it_refuses_other_ids(self, api: Api, key: str, text: str) -> None:
        """XREAD-7"""
        add(api, "k", "1-0")
        assert api.refusal("XREAD", "STREAMS", "k", key, "0", text) == BADID

    def test_the_first_bad_id_decides(self, api: Api) -> None:
        """XREAD-7, XREAD-11"""
        assert api.refusal("XREAD", "STREAMS", "a", "b", ">", "abc") == GROUP_ONLY
        assert api.refusal("XREAD", "STREAMS", "a", "b", "abc", ">") == BADID

    def test_the_id_of_what_is_new_to_a_group_is_refused(self, api: Api) -> None:
        """XREAD-11"""
        assert api.refusal("XREAD", "STREAMS", "k", ">") == GROUP_ONLY
        assert api.refusal("XREAD", "BLOCK", "1", "STREAMS", "k", ">") == GROUP_ONLY


class TestLastEntry:
    def test_it_is_the_newest(self, api: Api) -> None:
        """XREAD-10"""
        add(api, "k", "9-0", "10-0", "10-9", "10-10")
        assert api.run("XREAD", "STREAMS", "k", "+") == {"k": entries("10-10")}

    @pytest.mark.parametrize("count", ["0", "1", "2"])
    def test_count_has_no_effect(self, api: Api, count: str) -> None:
        """XREAD-10"""
        add_numbered(api, "k", 3)
        result = api.run("XREAD", "COUNT", count, "STREAMS", "k", "+")
        assert result == {"k": entries("3-0")}

    def test_it_is_the_newest_that_lives(self, api: Api) -> None:
        """XREAD-10"""
        add_numbered(api, "k", 3)
        api.run("XDEL", "k", "3-0")
        assert api.run("XREAD", "STREAMS", "k", "+") == {"k": entries("2-0")}
        api.run("XDEL", "k", "1-0", "2-0")
        assert api.run("XREAD", "STREAMS", "k", "+") is None

    def test_a_missing_stream_has_none(self, api: Api) -> None:
        """XREAD-10, XREAD-12"""
        add(api, "k", "1-0")
        assert api.run("XREAD", "STREAMS", "missing", "+") is None
        assert api.run("XREAD", "STREAMS", "missing", "k", "+", "+") == {"k": entries("1-0")}

    def test_a_stream_that_was_never_added_to_has_none(self, api: Api) -> None:
        """XREAD-10"""
        api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
        assert api.run("XREAD", "STREAMS", "k", "+") is None

    def test_it_goes_with_other_ids(self, api: Api) -> None:
        """XREAD-10, XREAD-13"""
        add_numbered(api, "a", 3)
        add_numbered(api, "b", 3)
        add_numbered(api, "c", 3)
        result = api.run("XREAD", "STREAMS", "a", "b", "c", "1", "+", "2")
        assert list(result.items()) == [
            ("a", entries("2-0", "3-0")),
            ("b", entries("3-0")),
            ("c", entries("3-0")),
        ]


class TestReply:
    def test_only_streams_with_something_new_are_in_it(self, api: Api) -> None:
        """XREAD-12"""
        add(api, "a", "1-0")
        add(api, "b", "1-0")
        result = api.run("XREAD", "STREAMS", "a", "missing", "b", "1-0", "0", "0")
        assert result == {"b": entries("1-0")}

    def test_deleted_entries_above_the_id_do_not_count(self, api: Api) -> None:
        """XREAD-12"""
        add(api, "k", "1-0", "2-0")
        api.run("XDEL", "k", "2-0")
        assert api.run("XREAD", "STREAMS", "k", "1-0") is None

    def test_streams_stand_in_the_order_of_the_command(self, api: Api) -> None:
        """XREAD-13"""
        for key in ("a", "b", "c"):
            add(api, key, "1-0")
        result = api.run("XREAD", "STREAMS", "c", "a", "b", "0", "0", "0")
        assert list(result) == ["c", "a", "b"]

    def test_a_key_named_twice_has_its_entries_joined(self, api: Api) -> None:
        """XREAD-13, but the reply is an object, with each key once (docs/redis-compatibility.md)"""
        body = {"streams": [{"key": "k", "id": "1-0"}, {"key": "k", "id": "0"}]}
        add(api, "k", "1-0", "2-0")
        assert api.post("/streams/read", body).result == {"k": entries("2-0", "1-0", "2-0")}

    def test_reading_changes_nothing(self, api: Api) -> None:
        """XREAD-14"""
        add(api, "k", "1-0")
        before = api.run("XINFO", "STREAM", "k", "FULL")
        api.run("XREAD", "STREAMS", "k", "0")
        api.run("XREAD", "STREAMS", "k", "+")
        assert api.run("XINFO", "STREAM", "k", "FULL") == before
        assert counters(api, "k")["added"] == 1


class TestPost:
    def test_it_works(self, api: Api) -> None:
        """XREAD-5, XREAD-8, XREAD-10"""
        add_numbered(api, "a", 3)
        add_numbered(api, "b", 3)
        body = {"streams": [{"key": "a", "id": "1"}, {"key": "b", "id": "+"}], "count": 1}
        assert api.post("/streams/read", body).result == {
            "a": entries("2-0"),
            "b": entries("3-0"),
        }

    def test_without_an_id_only_what_comes_is_read(self, api: Api) -> None:
        """XREAD-9"""
        add(api, "k", "1-0")
        started = time.monotonic()
        assert api.post("/streams/read", {"streams": [{"key": "k"}]}).result is None
        assert time.monotonic() - started < 30

    def test_a_count_of_none_is_all(self, api: Api) -> None:
        """XREAD-5"""
        add_numbered(api, "k", 3)
        body = {"streams": [{"key": "k", "id": "0"}], "count": 0}
        assert api.post("/streams/read", body).result == {"k": entries("1-0", "2-0", "3-0")}

    @pytest.mark.parametrize(
        ("member", "value", "code"),
        [
            ("streams", [], "invalid_request"),
            ("streams", None, "invalid_request"),
            ("streams", {"k": "0"}, "invalid_request"),
            ("streams", [{"id": "0"}], "invalid_request"),
            ("streams", [{"key": ""}], "invalid_request"),
            ("streams", [{"key": "k", "id": 0}], "invalid_request"),
            ("streams", [{"key": "k", "id": ">"}], "invalid_command"),
            ("streams", [{"key": "k", "id": "abc"}], "invalid_command"),
            ("streams", [{"key": "k", "start": "0"}], "invalid_request"),
            ("count", "1", "invalid_request"),
            ("count", 1.5, "invalid_request"),
            ("block_ms", "1", "invalid_request"),
            ("block_ms", -1, "invalid_command"),
            ("group", "g", "invalid_request"),
        ],
    )
    def test_it_refuses_other_members(
        self, api: Api, member: str, value: object, code: str
    ) -> None:
        """XREAD-6, XREAD-7, XREAD-11"""
        body = {"streams": [{"key": "k", "id": "0"}], member: value}
        answer = api.post("/streams/read", body)
        assert (answer.status, answer.code) == (400, code)
