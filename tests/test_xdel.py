"""XDEL, XLEN, POST /delete and GET /length."""

import pytest

from tests.api import Api
from tests.builders import add, add_numbered, counters, exists, ids_of
from tests.entry_ids import BADID


def test_it_works(api: Api) -> None:
    """XDEL-1, XDEL-3"""
    add(api, "k", "1-0", "2-0", "3-0")
    assert api.run("XDEL", "k", "2-0") == 1
    assert ids_of(api, "k") == ["1-0", "3-0"]
    assert counters(api, "k") == {
        "length": 2,
        "last": "3-0",
        "first": "1-0",
        "max_deleted": "2-0",
        "added": 3,
    }


@pytest.mark.parametrize(
    ("ids", "removed"),
    [
        (["9-0"], 0),
        (["1-0", "9-0", "3-0"], 2),
        (["1-0", "1-0", "1", "01-00"], 1),
        (["3-0", "2-0", "1-0"], 3),
        (["0-0", "0"], 0),
        (["1-1", "18446744073709551615-18446744073709551615"], 0),
    ],
)
def test_it_counts_the_entries_that_were_there(api: Api, ids: list[str], removed: int) -> None:
    """XDEL-1"""
    add(api, "k", "1-0", "2-0", "3-0")
    assert api.run("XDEL", "k", *ids) == removed
    assert api.run("XLEN", "k") == 3 - removed


def test_it_cannot_delete_the_same_entry_twice(api: Api) -> None:
    """XDEL-1"""
    add(api, "k", "1-0")
    assert api.run("XDEL", "k", "1-0") == 1
    assert api.run("XDEL", "k", "1-0") == 0


def test_on_a_missing_stream_ids_are_not_even_read(api: Api) -> None:
    """XDEL-2"""
    assert api.run("XDEL", "k", "abc", "-", "1-0") == 0
    assert not exists(api, "k")


@pytest.mark.parametrize("text", ["abc", "", "-", "+", "$", "*", "(1-0", "1-", "1-*"])
def test_a_malformed_id_keeps_all_entries(api: Api, text: str) -> None:
    """XDEL-2, GEN-13"""
    add(api, "k", "1-0", "2-0")
    assert api.refusal("XDEL", "k", "1-0", text, "2-0") == BADID
    assert ids_of(api, "k") == ["1-0", "2-0"]
    assert counters(api, "k")["max_deleted"] == "0-0"


def test_an_emptied_stream_reads_its_ids_still(api: Api) -> None:
    """XDEL-2, GEN-11"""
    add(api, "k", "1-0")
    api.run("XDEL", "k", "1-0")
    assert api.refusal("XDEL", "k", "abc") == BADID


def test_an_id_without_sequence_is_just_the_first_of_its_millisecond(api: Api) -> None:
    """XDEL-2, ID-4"""
    add(api, "k", "2-0", "2-1")
    assert api.run("XDEL", "k", "2") == 1
    assert ids_of(api, "k") == ["2-1"]


@pytest.mark.parametrize(
    ("gone", "first", "max_deleted"),
    [
        (["9-0"], "10-0", "9-0"),
        (["10-0"], "9-0", "10-0"),
        (["9-0", "10-0"], "100-0", "10-0"),
        (["9-0", "100-0"], "10-0", "100-0"),
        (["100-0", "9-0"], "10-0", "100-0"),
        (["9-0", "10-0", "100-0"], "0-0", "100-0"),
        (["8-0"], "9-0", "0-0"),
    ],
)
def test_the_first_and_the_greatest_deleted_id_follow(
    api: Api, gone: list[str], first: str, max_deleted: str
) -> None:
    """XDEL-3, ST-2, ST-3, ST-4, ST-5"""
    add(api, "k", "9-0", "10-0", "100-0")
    removed = api.run("XDEL", "k", *gone)
    assert counters(api, "k") == {
        "length": 3 - removed,
        "last": "100-0",
        "first": first,
        "max_deleted": max_deleted,
        "added": 3,
    }


def test_the_greatest_deleted_id_never_falls(api: Api) -> None:
    """ST-5"""
    add_numbered(api, "k", 4)
    api.run("XDEL", "k", "3-0")
    api.run("XDEL", "k", "1-0")
    assert counters(api, "k")["max_deleted"] == "3-0"


def test_sequences_are_ordered_as_numbers(api: Api) -> None:
    """ST-4, ID-1"""
    add(api, "k", "5-9", "5-10", "5-11")
    api.run("XDEL", "k", "5-9")
    assert counters(api, "k")["first"] == "5-10"


def test_an_emptied_stream_stays(api: Api) -> None:
    """XDEL-3, GEN-11"""
    add(api, "k", "1-0")
    assert api.run("XDEL", "k", "1-0") == 1
    assert exists(api, "k")
    assert api.run("XLEN", "k") == 0


@pytest.mark.parametrize("text", ["2-0", "2", "1-0"])
def test_a_deleted_entry_cannot_be_added_again(api: Api, text: str) -> None:
    """XDEL-4"""
    add(api, "k", "1-0", "2-0")
    api.run("XDEL", "k", "1-0", "2-0")
    assert api.send("XADD", "k", text, "f", "v").code == "id_conflict"


def test_many_at_once_from_several_nodes(api: Api) -> None:
    """XDEL-1, TRIM-15"""
    add_numbered(api, "k", 350)
    even = [f"{ms}-0" for ms in range(2, 351, 2)]
    assert api.run("XDEL", "k", *even) == 175
    assert ids_of(api, "k") == [f"{ms}-0" for ms in range(1, 351, 2)]
    assert api.run("XTRIM", "k", "MAXLEN", "~", "100") == 50


@pytest.mark.parametrize("words", ["XDEL k 1-0 2-0", "XTRIM k MAXLEN 0", "XADD k MAXLEN 1 3-0 f v"])
def test_removed_entries_stay_pending(api: Api, words: str) -> None:
    """ST-6, XDEL-3, TRIM-14"""
    add(api, "k", "1-0", "2-0")
    api.run("XGROUP", "CREATE", "k", "g", "0")
    api.run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    api.run(*words.split())
    assert api.run("XPENDING", "k", "g") == [2, "1-0", "2-0", [["c", "2"]]]


class TestLength:
    def test_it_is_the_number_of_live_entries(self, api: Api) -> None:
        """XLEN-1"""
        add_numbered(api, "k", 5)
        api.run("XDEL", "k", "2-0")
        api.run("XTRIM", "k", "MINID", "2-0")
        assert api.run("XLEN", "k") == 3
        assert api.get("/streams/length/k").result == 3

    def test_a_missing_stream_has_none(self, api: Api) -> None:
        """XLEN-1"""
        assert api.run("XLEN", "k") == 0
        assert api.get("/streams/length/k").result == 0

    def test_it_takes_no_parameters(self, api: Api) -> None:
        """XLEN-1"""
        assert api.get("/streams/length/k", count=1).code == "invalid_query"


class TestPost:
    def test_it_works(self, api: Api) -> None:
        """XDEL-1"""
        add(api, "k", "1-0", "2-0", "3-0")
        assert api.post("/streams/delete", {"key": "k", "ids": ["1-0", "3", "9-0"]}).result == 2
        assert ids_of(api, "k") == ["2-0"]

    def test_a_missing_stream_loses_nothing(self, api: Api) -> None:
        """XDEL-2"""
        assert api.post("/streams/delete", {"key": "k", "ids": ["abc"]}).result == 0

    @pytest.mark.parametrize(
        ("member", "value", "code"),
        [
            ("ids", [], "invalid_request"),
            ("ids", None, "invalid_request"),
            ("ids", "1-0", "invalid_request"),
            ("ids", [1], "invalid_request"),
            ("ids", ["1-0", "abc"], "invalid_command"),
            ("key", "", "invalid_request"),
            ("id", "1-0", "invalid_request"),
        ],
    )
    def test_it_refuses_other_members(
        self, api: Api, member: str, value: object, code: str
    ) -> None:
        """XDEL-2"""
        add(api, "k", "1-0")
        answer = api.post("/streams/delete", {"key": "k", "ids": ["1-0"], member: value})
        assert (answer.status, answer.code) == (400, code)
        assert api.run("XLEN", "k") == 1
