"""XSETID."""

import pytest

from streams.models import Stream
from tests.api import Api
from tests.builders import add, add_numbered, counters, entries, exists, ids_of
from tests.entry_ids import BADID

SYNTAX = "ERR syntax error"
NOT_AN_INTEGER = "ERR value is not an integer or out of range"
NEGATIVE = "ERR entries_added must be positive"
BELOW_GIVEN_DELETED = (
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
)
BELOW_DELETED = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
BELOW_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item"
BELOW_LENGTH = "ERR The entries_added specified in XSETID is smaller than the target stream length"


def test_it_works(api: Api) -> None:
    """XSETID-1, XSETID-5, ST-2"""
    add(api, "k", "1-0", "2-0")
    assert api.run("XSETID", "k", "9-5") == "OK"
    assert counters(api, "k") == {
        "length": 2,
        "last": "9-5",
        "first": "1-0",
        "max_deleted": "0-0",
        "added": 2,
    }
    assert api.run("XADD", "k", "9-*", "f", "v") == "9-6"


@pytest.mark.parametrize(
    "options",
    [
        "ENTRIESADDED 7 MAXDELETEDID 5-0",
        "maxdeletedid 5-0 entriesadded 7",
        "ENTRIESADDED 1 ENTRIESADDED 7 MAXDELETEDID 1-0 MAXDELETEDID 5",
    ],
)
def test_options_come_in_any_order_and_the_last_wins(api: Api, options: str) -> None:
    """XSETID-1, XSETID-5, ST-3, ST-5"""
    add(api, "k", "1-0", "2-0")
    assert api.run("XSETID", "k", "9-0", *options.split()) == "OK"
    assert counters(api, "k") == {
        "length": 2,
        "last": "9-0",
        "first": "1-0",
        "max_deleted": "5-0",
        "added": 7,
    }


REFUSED = [
    ("abc", BADID),
    ("-", BADID),
    ("+", BADID),
    ("$", BADID),
    ("*", BADID),
    ("(9-0", BADID),
    ("abc ENTRIESADDED x", BADID),
    ("9-0 ENTRIESADDED", SYNTAX),
    ("9-0 MAXDELETEDID", SYNTAX),
    ("9-0 FOO", SYNTAX),
    ("9-0 FOO ENTRIESADDED x", SYNTAX),
    ("9-0 5 1-0", SYNTAX),
    ("9-0 ENTRIESADDED 5 MAXDELETEDID", SYNTAX),
    ("9-0 ENTRIESADDED x", NOT_AN_INTEGER),
    ("9-0 ENTRIESADDED 1.5", NOT_AN_INTEGER),
    ("9-0 ENTRIESADDED x FOO", NOT_AN_INTEGER),
    ("9-0 ENTRIESADDED 9223372036854775808", NOT_AN_INTEGER),
    ("9-0 ENTRIESADDED -1", NEGATIVE),
    ("9-0 ENTRIESADDED -1 MAXDELETEDID abc", NEGATIVE),
    ("9-0 MAXDELETEDID abc ENTRIESADDED -1", BADID),
    ("9-0 MAXDELETEDID +", BADID),
    ("9-0 MAXDELETEDID 9-1", BELOW_GIVEN_DELETED),
    ("9-0 MAXDELETEDID 10 ENTRIESADDED x", BELOW_GIVEN_DELETED),
    ("9-0 MAXDELETEDID 10 MAXDELETEDID 5", BELOW_GIVEN_DELETED),
]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize(("words", "refusal"), REFUSED)
def test_it_refuses_other_spellings_whether_or_not_the_stream_exists(
    api: Api, words: str, refusal: str, is_there: bool
) -> None:
    """XSETID-2"""
    key = "k" if is_there else "missing"
    add(api, "k", "1-0")
    assert api.refusal("XSETID", key, *words.split()) == refusal
    assert counters(api, "k")["last"] == "1-0"


def test_it_needs_a_stream(api: Api) -> None:
    """XSETID-2"""
    answer = api.send("XSETID", "k", "9-0", "ENTRIESADDED", "5", "MAXDELETEDID", "1-0")
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.message == "ERR no such key"
    assert not exists(api, "k")


class TestContradictions:
    @pytest.mark.parametrize(("last_id", "refused"), [("4-9", True), ("5-0", False)])
    def test_a_deleted_id_is_a_floor_even_for_an_empty_stream(
        self, api: Api, last_id: str, refused: bool
    ) -> None:
        """XSETID-3"""
        add(api, "k", "5-0")
        api.run("XDEL", "k", "5-0")
        answer = api.send("XSETID", "k", last_id)
        assert answer.status == (409 if refused else 200)
        assert not refused or answer.message == BELOW_DELETED

    def test_that_is_checked_first(self, api: Api) -> None:
        """XSETID-3, XSETID-4"""
        add(api, "k", "1-0", "8-0", "9-0")
        api.run("XDEL", "k", "9-0")
        assert api.refusal("XSETID", "k", "7-0", "ENTRIESADDED", "1") == BELOW_DELETED

    def test_a_new_floor_does_not_help(self, api: Api) -> None:
        """XSETID-3"""
        add(api, "k", "5-0")
        api.run("XDEL", "k", "5-0")
        assert api.refusal("XSETID", "k", "3-0", "MAXDELETEDID", "2-0") == BELOW_DELETED

    @pytest.mark.parametrize(("last_id", "refused"), [("9-0", True), ("10-0", False)])
    def test_the_newest_entry_is_a_floor(self, api: Api, last_id: str, refused: bool) -> None:
        """XSETID-4"""
        add(api, "k", "8-0", "9-0", "10-0")
        answer = api.send("XSETID", "k", last_id)
        assert answer.status == (409 if refused else 200)
        assert not refused or answer.message == BELOW_TOP

    def test_the_newest_entry_is_checked_before_the_number(self, api: Api) -> None:
        """XSETID-4"""
        add(api, "k", "8-0", "9-0")
        assert api.refusal("XSETID", "k", "8-0", "ENTRIESADDED", "1") == BELOW_TOP

    @pytest.mark.parametrize(("number", "refused"), [("1", True), ("2", False)])
    def test_as_many_were_added_as_live(self, api: Api, number: str, refused: bool) -> None:
        """XSETID-4"""
        add(api, "k", "1-0", "2-0")
        answer = api.send("XSETID", "k", "9-0", "ENTRIESADDED", number)
        assert (answer.status != 200) is refused
        assert not refused or answer.message == BELOW_LENGTH

    def test_an_empty_stream_takes_any_number(self, api: Api) -> None:
        """XSETID-4"""
        add(api, "k", "1-0", "2-0")
        api.run("XTRIM", "k", "MAXLEN", "0")
        assert api.run("XSETID", "k", "0-5", "ENTRIESADDED", "0") == "OK"
        assert counters(api, "k") == {
            "length": 0,
            "last": "0-5",
            "first": "0-0",
            "max_deleted": "0-0",
            "added": 0,
        }


class TestEffects:
    def test_the_last_id_may_go_down(self, api: Api) -> None:
        """XSETID-5, ST-2"""
        add(api, "k", "1-0", "9-0")
        api.run("XTRIM", "k", "MAXLEN", "0")
        assert api.run("XSETID", "k", "8-0") == "OK"
        assert api.run("XADD", "k", "8-*", "f", "v") == "8-1"

    @pytest.mark.parametrize("text", ["0-0", "0"])
    def test_zero_leaves_the_greatest_deleted_id(self, api: Api, text: str) -> None:
        """XSETID-5"""
        add(api, "k", "1-0", "2-0")
        api.run("XDEL", "k", "1-0")
        assert api.run("XSETID", "k", "9-0", "MAXDELETEDID", text) == "OK"
        assert counters(api, "k")["max_deleted"] == "1-0"

    def test_the_greatest_deleted_id_may_be_lowered(self, api: Api) -> None:
        """XSETID-5, ST-5"""
        add_numbered(api, "k", 5)
        api.run("XDEL", "k", "4-0")
        assert api.run("XSETID", "k", "9-0", "MAXDELETEDID", "2-0") == "OK"
        assert counters(api, "k")["max_deleted"] == "2-0"

    def test_entries_and_their_first_id_stay(self, api: Api) -> None:
        """XSETID-5, ST-4"""
        add(api, "k", "2-0", "3-0")
        api.run("XSETID", "k", "9-0", "MAXDELETEDID", "8-0")
        assert ids_of(api, "k") == ["2-0", "3-0"]
        assert counters(api, "k")["first"] == "2-0"

    def test_it_decides_what_is_new_to_a_reader(self, api: Api) -> None:
        """XSETID-5, XREAD-9"""
        add(api, "k", "1-0")
        api.run("XSETID", "k", "9-0")
        assert api.refusal("XADD", "k", "9-0", "f", "v").startswith("ERR The ID specified in XADD")
        add(api, "k", "9-1")
        assert api.run("XREAD", "STREAMS", "k", "9-0") == {"k": entries("9-1")}

    def test_a_new_count_of_entries_added_is_no_signal_for_readers(self, api: Api) -> None:
        """XSETID-5, BLK-5"""
        add(api, "k", "1-0")
        signals = Stream.objects.get(key="k").signals
        api.run("XSETID", "k", "1-0", "ENTRIESADDED", 7)
        assert counters(api, "k")["added"] == 7
        assert Stream.objects.get(key="k").signals == signals
