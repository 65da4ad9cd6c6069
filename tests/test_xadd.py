"""XADD, and POST /add."""

import time

import pytest
from pytest_django.fixtures import Settings

from tests.api import Api
from tests.builders import add, add_numbered, counters, entries, exists, ids_of
from tests.entry_ids import BADID, MAX

ARITY = "ERR wrong number of arguments for 'xadd' command"
NOT_ABOVE_ZERO = "ERR The ID specified in XADD must be greater than 0-0"
NOT_ABOVE_THE_TOP = (
    "ERR The ID specified in XADD is equal or smaller than the target stream top item"
)
EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items"
TWICE = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
NO_STRATEGY = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
NOT_APPROXIMATE = "ERR syntax error, LIMIT cannot be used without the special ~ option"

FUTURE_MS = 9_999_999_999_999


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_it_works(api: Api) -> None:
    """XADD-12, XADD-13, ST-1 to ST-5"""
    assert api.run("XADD", "k", "5-1", "f", "v", "g", "w") == "5-1"
    assert api.run("XRANGE", "k", "-", "+") == [["5-1", ["f", "v", "g", "w"]]]
    assert counters(api, "k") == {
        "length": 1,
        "last": "5-1",
        "first": "5-1",
        "max_deleted": "0-0",
        "added": 1,
    }


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            ["NOMKSTREAM", "NOMKSTREAM"],
            ["NOMKSTREAM", "MAXLEN", "2"],
            ["MAXLEN", "2", "NOMKSTREAM"],
            ["LIMIT", "5", "MAXLEN", "~", "2"],
            ["LIMIT", "5", "NOMKSTREAM", "LIMIT", "0", "MINID", "~", "1"],
            ["MINID", "=", "1-0", "NOMKSTREAM"],
        ],
    )
    def test_they_come_in_any_order_and_repeat(self, api: Api, options: list[str]) -> None:
        """XADD-1, XADD-2"""
        add(api, "k", "1-0")
        assert api.run("XADD", "k", *options, "2-0", "f", "v") == "2-0"

    def test_the_last_limit_wins(self, api: Api) -> None:
        """XADD-2"""
        add_numbered(api, "k", 100)
        api.run("XADD", "k", "LIMIT", "1", "LIMIT", "100", "MAXLEN", "~", "0", "101-0", "f", "v")
        assert api.run("XLEN", "k") == 1

    @pytest.mark.parametrize("word", ["LIMIT", "MAXLEN", "NOMKSTREAM", "~", "*"])
    def test_after_the_id_words_are_fields_and_values(self, api: Api, word: str) -> None:
        """XADD-1"""
        api.run("XADD", "k", "1-0", "f", "v", word, "5")
        assert api.run("XRANGE", "k", "-", "+") == [["1-0", ["f", "v", word, "5"]]]

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (["MAXLEN", "1", "MAXLEN", "1", "*", "f", "v"], TWICE),
            (["MAXLEN", "1", "MINID", "1", "*", "f", "v"], TWICE),
            (["MINID", "1", "NOMKSTREAM", "MINID", "1", "*", "f", "v"], TWICE),
            (["FOO", "*", "f", "v"], BADID),
            (["NOMKSTREAM", "LIMIT", "MAXLEN", "5"], "ERR value is not an integer or out of range"),
            (["MAXLEN", "1", "~", "*", "f", "v"], BADID),
            (["~", "MAXLEN", "1", "*", "f", "v"], BADID),
            (["LIMIT", "5", "*", "f", "v"], NO_STRATEGY),
            (["LIMIT", "0", "*", "f", "v"], NOT_APPROXIMATE),
            (["MAXLEN", "1", "LIMIT", "0", "*", "f", "v"], NOT_APPROXIMATE),
            (["MAXLEN", "-1", "*", "f", "v"], "ERR The MAXLEN argument must be >= 0."),
            (
                ["MAXLEN", "~", "1", "LIMIT", "-1", "*", "f", "v"],
                "ERR The LIMIT argument must be >= 0.",
            ),
        ],
    )
    def test_it_refuses_other_spellings(self, api: Api, words: list[str], refusal: str) -> None:
        """XADD-1, XADD-2, TRIM-2, TRIM-4, TRIM-5, TRIM-6, TRIM-8, TRIM-10"""
        assert api.refusal("XADD", "k", *words) == refusal
        assert not exists(api, "k")


class TestOrderOfChecks:
    """Each case has two mistakes. The reply names the one that is checked first."""

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (["abc", "f"], ARITY),
            (["MAXLEN", "x", "abc", "f"], "ERR value is not an integer or out of range"),
            (["abc", "f", "v", "g"], BADID),
            (["MAXLEN", "1", "MAXLEN", "x", "f", "v"], TWICE),
            (["LIMIT", "5", "abc", "f", "v"], BADID),
            (["LIMIT", "5", "*", "f"], NO_STRATEGY),
            (["MAXLEN", "1", "LIMIT", "5", "*", "f"], NOT_APPROXIMATE),
            (["0-0", "f", "v", "g"], ARITY),
            (["NOMKSTREAM", "0-0", "f", "v"], NOT_ABOVE_ZERO),
            (["NOMKSTREAM", "MAXLEN", "5", "*"], ARITY),
            (["NOMKSTREAM", "*", "f"], ARITY),
            (["NOMKSTREAM", "NOMKSTREAM", "NOMKSTREAM", "NOMKSTREAM"], ARITY),
        ],
    )
    def test_the_words_alone(self, api: Api, words: list[str], refusal: str) -> None:
        """XADD-3, XADD-4, XADD-5"""
        assert api.refusal("XADD", "k", *words) == refusal
        assert not exists(api, "k")

    def test_an_exhausted_stream_is_refused_before_a_low_id(self, api: Api) -> None:
        """XADD-3, XADD-10"""
        add(api, "k", f"{MAX}-{MAX}")
        assert api.refusal("XADD", "k", "1-0", "f", "v") == EXHAUSTED
        assert api.refusal("XADD", "k", "0-0", "f", "v") == NOT_ABOVE_ZERO


class TestExplicitIds:
    @pytest.mark.parametrize("text", ["0-0", "0", "00-00"])
    def test_zero_is_refused(self, api: Api, text: str) -> None:
        """XADD-5"""
        assert api.refusal("XADD", "k", text, "f", "v") == NOT_ABOVE_ZERO
        assert not exists(api, "k")

    @pytest.mark.parametrize("text", ["5-5", "5-4", "5", "4-9", "0-1"])
    def test_an_id_that_is_not_above_the_top_is_refused(self, api: Api, text: str) -> None:
        """XADD-6"""
        add(api, "k", "5-5")
        answer = api.send("XADD", "k", text, "f", "v")
        assert (answer.status, answer.code) == (409, "id_conflict")
        assert answer.message == NOT_ABOVE_THE_TOP
        assert ids_of(api, "k") == ["5-5"]

    def test_of_several_entries_the_refused_one_is_named(self, api: Api) -> None:
        """XADD-6"""
        add(api, "k", "5-5")
        values = {"f": "v"}
        entries = [{"id": text, "values": values} for text in ("5-6", "*", "5-*", "9-9")]
        answer = api.post("/streams/add", {"key": "k", "entries": entries})
        assert (answer.status, answer.code) == (409, "id_conflict")
        assert answer.message == f"{NOT_ABOVE_THE_TOP} (entries[2].id='5-*')"
        answer = api.post("/streams/add", {"key": "k", "id": "5-*", "values": values})
        assert answer.status == 200
        answer = api.post("/streams/add", {"key": "k", "id": "4", "values": values})
        assert answer.message == NOT_ABOVE_THE_TOP
        assert ids_of(api, "k") == ["5-5", "5-6"]

    @pytest.mark.parametrize("text", ["5-6", "6-0", "6", f"5-{MAX}"])
    def test_any_id_above_it_is_taken(self, api: Api, text: str) -> None:
        """XADD-6"""
        add(api, "k", "5-5")
        assert api.send("XADD", "k", text, "f", "v").status == 200

    def test_the_top_outlives_its_entry(self, api: Api) -> None:
        """XADD-6, ST-2, XDEL-4"""
        add(api, "k", "5-5")
        api.run("XDEL", "k", "5-5")
        assert api.refusal("XADD", "k", "5-5", "f", "v") == NOT_ABOVE_THE_TOP
        assert api.run("XADD", "k", "5-6", "f", "v") == "5-6"


class TestIdsByTheServer:
    def test_the_clock_gives_the_milliseconds(self, api: Api) -> None:
        """XADD-7"""
        before = now_ms()
        ms, seq = api.run("XADD", "k", "*", "f", "v").split("-")
        assert before <= int(ms) <= now_ms()
        assert seq == "0"

    def test_they_never_go_back(self, api: Api) -> None:
        """XADD-7"""
        given = [api.run("XADD", "k", "*", "f", "v") for _ in range(20)]
        assert ids_of(api, "k") == given
        assert len(set(given)) == 20

    def test_a_top_in_the_future_is_counted_up(self, api: Api) -> None:
        """XADD-7"""
        add(api, "k", f"{FUTURE_MS}-5")
        assert api.run("XADD", "k", "*", "f", "v") == f"{FUTURE_MS}-6"
        assert api.run("XADD", "k", "*", "f", "v") == f"{FUTURE_MS}-7"

    def test_a_full_millisecond_carries(self, api: Api) -> None:
        """XADD-7, ID-11"""
        add(api, "k", f"{FUTURE_MS}-{MAX}")
        assert api.run("XADD", "k", "*", "f", "v") == f"{FUTURE_MS + 1}-0"

    @pytest.mark.parametrize(("text", "expected"), [("0-*", "0-1"), ("5-*", "5-0")])
    def test_the_sequence_alone_in_a_new_stream(self, api: Api, text: str, expected: str) -> None:
        """XADD-8"""
        assert api.run("XADD", "k", text, "f", "v") == expected

    @pytest.mark.parametrize(
        ("text", "expected"), [("5-*", "5-6"), ("05-*", "5-6"), ("6-*", "6-0")]
    )
    def test_the_sequence_alone(self, api: Api, text: str, expected: str) -> None:
        """XADD-8"""
        add(api, "k", "5-5")
        assert api.run("XADD", "k", text, "f", "v") == expected

    def test_not_in_a_past_millisecond(self, api: Api) -> None:
        """XADD-8"""
        add(api, "k", "5-5")
        assert api.refusal("XADD", "k", "4-*", "f", "v") == NOT_ABOVE_THE_TOP

    def test_not_in_a_full_millisecond(self, api: Api) -> None:
        """XADD-9"""
        add(api, "k", f"5-{MAX}")
        assert api.refusal("XADD", "k", "5-*", "f", "v") == NOT_ABOVE_THE_TOP

    def test_a_deleted_top_still_counts(self, api: Api) -> None:
        """XADD-7, XADD-8, ST-2"""
        add(api, "k", f"{FUTURE_MS}-5")
        api.run("XDEL", "k", f"{FUTURE_MS}-5")
        assert api.run("XADD", "k", "*", "f", "v") == f"{FUTURE_MS}-6"
        assert api.run("XADD", "k", f"{FUTURE_MS}-*", "f", "v") == f"{FUTURE_MS}-7"


@pytest.mark.parametrize("text", ["*", "1-0", f"{MAX}-*", f"{MAX}-{MAX}"])
def test_after_the_last_id_nothing_can_be_added(api: Api, text: str) -> None:
    """XADD-10"""
    add(api, "k", f"{MAX}-{MAX}")
    assert api.send("XADD", "k", text, "f", "v").code == "id_conflict"
    assert api.refusal("XADD", "k", text, "f", "v") == EXHAUSTED
    api.run("XDEL", "k", f"{MAX}-{MAX}")
    assert api.refusal("XADD", "k", text, "f", "v") == EXHAUSTED


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
def test_an_entry_has_a_greatest_size(api: Api, settings: Settings, size: int, status: int) -> None:
    """XADD-11, with the limit of this server instead of Redis' gigabyte"""
    settings.STREAMS_MAX_ENTRY_BYTES = 100
    assert api.send("XADD", "k", "1-0", "field", "v" * (size - 5)).status == status
    assert exists(api, "k") is (status == 200)


def test_a_size_is_counted_in_bytes(api: Api, settings: Settings) -> None:
    """XADD-11"""
    settings.STREAMS_MAX_ENTRY_BYTES = 4
    assert api.send("XADD", "k", "1-0", "éé", "").status == 200
    assert api.send("XADD", "k", "2-0", "éé", "1").code == "payload_too_large"


class TestTrim:
    def test_the_new_entry_counts(self, api: Api) -> None:
        """XADD-13, TRIM-13"""
        add(api, "k", "1-0", "2-0", "3-0")
        assert api.run("XADD", "k", "MAXLEN", "2", "4-0", "f", "v") == "4-0"
        assert ids_of(api, "k") == ["3-0", "4-0"]
        assert counters(api, "k") == {
            "length": 2,
            "last": "4-0",
            "first": "3-0",
            "max_deleted": "0-0",
            "added": 4,
        }

    def test_by_id(self, api: Api) -> None:
        """XADD-13, TRIM-3, TRIM-13"""
        add(api, "k", "1-0", "2-0", "3-0")
        assert api.run("XADD", "k", "MINID", "3", "4-0", "f", "v") == "4-0"
        assert ids_of(api, "k") == ["3-0", "4-0"]

    @pytest.mark.parametrize("options", [["MAXLEN", "0"], ["MINID", "6"], ["MINID", "=", "5-2"]])
    def test_even_the_new_entry_may_go(self, api: Api, options: list[str]) -> None:
        """XADD-12, XADD-14, ST-4"""
        assert api.run("XADD", "k", *options, "5-1", "f", "v") == "5-1"
        assert counters(api, "k") == {
            "length": 0,
            "last": "5-1",
            "first": "0-0",
            "max_deleted": "0-0",
            "added": 1,
        }

    def test_a_refused_entry_trims_nothing(self, api: Api) -> None:
        """XADD-13, GEN-13"""
        add(api, "k", "1-0", "2-0")
        api.refusal("XADD", "k", "MAXLEN", "1", "2-0", "f", "v")
        assert ids_of(api, "k") == ["1-0", "2-0"]


class TestNomkstream:
    def test_it_makes_no_stream(self, api: Api) -> None:
        """XADD-12, XADD-3"""
        assert api.run("XADD", "k", "NOMKSTREAM", "1-0", "f", "v") is None
        assert api.run("XADD", "k", "NOMKSTREAM", "MAXLEN", "5", "*", "f", "v") is None
        assert not exists(api, "k")

    def test_it_adds_to_one_that_is_there(self, api: Api) -> None:
        """XADD-15"""
        add(api, "k", "1-0")
        assert api.run("XADD", "k", "NOMKSTREAM", "2-0", "f", "v") == "2-0"
        assert api.refusal("XADD", "k", "NOMKSTREAM", "2-0", "f", "v") == NOT_ABOVE_THE_TOP

    def test_an_empty_stream_is_there(self, api: Api) -> None:
        """XADD-15, GEN-11"""
        add(api, "k", "1-0")
        api.run("XDEL", "k", "1-0")
        assert api.run("XADD", "k", "NOMKSTREAM", "2-0", "f", "v") == "2-0"


class TestPost:
    def test_it_works(self, api: Api) -> None:
        """XADD-12"""
        body = {"key": "k", "values": {"b": 1, "a": "x"}, "id": "1-0"}
        assert api.post("/streams/add", body).result == "1-0"
        assert api.run("XRANGE", "k", "-", "+") == [["1-0", ["b", "1", "a", "x"]]]

    def test_the_server_gives_the_id_unless_told(self, api: Api) -> None:
        """XADD-7"""
        ms, seq = api.post("/streams/add", {"key": "k", "values": {"f": "v"}}).result.split("-")
        assert (abs(int(ms) - now_ms()) < 60_000, seq) == (True, "0")

    def test_pairs_may_repeat_a_field(self, api: Api) -> None:
        """GEN-16"""
        body = {"key": "k", "id": "1-0", "values": [["f", "v"], ["f", "w"]]}
        assert api.post("/streams/add", body).result == "1-0"
        assert api.run("XRANGE", "k", "-", "+") == [["1-0", ["f", "v", "f", "w"]]]

    @pytest.mark.parametrize("count", [1, 2])
    def test_several_entries_have_a_list_of_ids(self, api: Api, count: int) -> None:
        """XADD-12"""
        batch = [{"id": f"{ms}-0", "values": {"f": "v"}} for ms in range(1, count + 1)]
        body = {"key": "k", "entries": batch}
        assert api.post("/streams/add", body).result == ["1-0", "2-0"][:count]
        assert counters(api, "k")["added"] == count

    def test_several_entries_share_one_clock(self, api: Api) -> None:
        """XADD-7, GEN-14"""
        batch = [{"values": {"f": "v"}}] * 3
        given = api.post("/streams/add", {"key": "k", "entries": batch}).result
        ms = given[0].split("-")[0]
        assert given == [f"{ms}-0", f"{ms}-1", f"{ms}-2"]

    def test_nomkstream_makes_no_stream(self, api: Api) -> None:
        """XADD-12"""
        one = {"key": "k", "values": {"f": "v"}, "nomkstream": True}
        several = {"key": "k", "entries": [{"values": {"f": "v"}}], "nomkstream": True}
        assert api.post("/streams/add", one).result is None
        assert api.post("/streams/add", several).result is None
        assert not exists(api, "k")

    def test_a_trim(self, api: Api) -> None:
        """XADD-13, TRIM-16"""
        add_numbered(api, "k", 150)
        trim = {"strategy": "maxlen", "threshold": 50, "approximate": True, "limit": 100}
        body = {"key": "k", "id": "151-0", "values": {"f": "v"}, "trim": trim}
        assert api.post("/streams/add", body).result == "151-0"
        assert api.run("XLEN", "k") == 51

    @pytest.mark.parametrize(
        ("member", "value", "code"),
        [
            ("id", "abc", "invalid_command"),
            ("id", "0-0", "invalid_command"),
            ("id", 5, "invalid_request"),
            ("key", "", "invalid_request"),
            ("key", None, "invalid_request"),
            ("values", {}, "invalid_request"),
            ("values", [], "invalid_request"),
            ("values", None, "invalid_request"),
            ("values", {"f": None}, "invalid_request"),
            ("values", [["f"]], "invalid_request"),
            ("values", "f", "invalid_request"),
            ("entries", [], "invalid_request"),
            ("entries", [{"values": {"f": "v"}}], "invalid_request"),
            ("nomkstream", "yes", "invalid_request"),
            ("trim", {"strategy": "maxlen"}, "invalid_request"),
            ("trim", {"strategy": "length", "threshold": 1}, "invalid_request"),
            ("trim", {"strategy": "maxlen", "threshold": -1}, "invalid_command"),
            ("trim", {"strategy": "maxlen", "threshold": 1, "limit": 1}, "invalid_command"),
            ("retries", 1, "invalid_request"),
        ],
    )
    def test_it_refuses_other_members(
        self, api: Api, member: str, value: object, code: str
    ) -> None:
        """XADD-3, XADD-5, TRIM-2, TRIM-10"""
        body = {"key": "k", "values": {"f": "v"}, member: value}
        answer = api.post("/streams/add", body)
        assert (answer.status, answer.code) == (400, code)
        assert not exists(api, "k")


def test_the_first_entry_is_recorded_anew_after_the_stream_was_empty(api: Api) -> None:
    """ST-4, XADD-13"""
    add(api, "k", "1-0", "2-0")
    api.run("XTRIM", "k", "MAXLEN", "0")
    add(api, "k", "3-0", "4-0")
    assert counters(api, "k") == {
        "length": 2,
        "last": "4-0",
        "first": "3-0",
        "max_deleted": "0-0",
        "added": 4,
    }
    assert api.run("XRANGE", "k", "-", "+") == entries("3-0", "4-0")
