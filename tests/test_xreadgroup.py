"""XREADGROUP and XACK without blocking (XRG-1 to XRG-18, XACK-1 to XACK-3, ST-7 to ST-14)."""

from typing import Any

import pytest

from streams import clock
from tests.api import Api
from tests.builders import add_numbered, entries, entry
from tests.entry_ids import BADID, MAX

pytestmark = pytest.mark.django_db

NOGROUP = "NOGROUP No such key '{}' or consumer group '{}' in XREADGROUP with GROUP option"


@pytest.fixture
def k(api: Api) -> Api:
    """Five entries in k, and a group g that has read none."""
    add_numbered(api, "k", 5)
    api.run("XGROUP", "CREATE", "k", "g", "0")
    return api


def read(api: Api, *options: Any, consumer: str = "c", start: str = ">") -> Any:
    return api.run("XREADGROUP", "GROUP", "g", consumer, *options, "STREAMS", "k", start)


def pending(api: Api) -> list[tuple[str, str, int]]:
    rows = api.run("XPENDING", "k", "g", "-", "+", "100")
    return [(entry_id, name, count) for entry_id, name, _, count in rows]


def consumer(api: Api, name: str = "c") -> dict[str, Any]:
    (found,) = [info for info in api.run("XINFO", "CONSUMERS", "k", "g") if info["name"] == name]
    return dict(found)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the commands' clock to so many milliseconds after now."""
    now = clock.now_ms()
    return lambda ms: monkeypatch.setattr(clock, "now_ms", lambda: now + ms)


class TestNewEntries:
    def test_they_come_once_in_order_xrg_8_xrg_9_st_7(self, k: Api) -> None:
        assert read(k, "COUNT", 2) == {"k": entries("1-0", "2-0")}
        assert read(k, consumer="d") == {"k": entries("3-0", "4-0", "5-0")}
        assert read(k) is None
        assert pending(k) == [
            ("1-0", "c", 1), ("2-0", "c", 1), ("3-0", "d", 1), ("4-0", "d", 1), ("5-0", "d", 1),
        ]  # fmt: skip

    @pytest.mark.parametrize("count", [0, -1])
    def test_a_count_of_none_is_all_xrg_8(self, k: Api, count: int) -> None:
        assert len(read(k, "COUNT", count)["k"]) == 5

    def test_deleted_entries_are_passed_over_xrg_8(self, k: Api) -> None:
        k.run("XDEL", "k", "2-0", "5-0")
        assert read(k) == {"k": entries("1-0", "3-0", "4-0")}
        assert read(k) is None

    def test_noack_leaves_nothing_pending_xrg_10(self, k: Api) -> None:
        assert read(k, "NOACK", "COUNT", 2) == {"k": entries("1-0", "2-0")}
        assert pending(k) == []
        assert consumer(k)["inactive"] == -1
        (group,) = k.run("XINFO", "GROUPS", "k")
        assert (group["last-delivered-id"], group["entries-read"]) == ("2-0", 2)

    def test_noack_leaves_an_old_row_with_its_owner_xrg_10(self, k: Api) -> None:
        read(k, "COUNT", 1)
        k.run("XGROUP", "SETID", "k", "g", "0")
        read(k, "NOACK", consumer="d")
        assert pending(k) == [("1-0", "c", 1)]

    def test_a_redelivered_entry_moves_and_counts_anew_st_8(self, k: Api) -> None:
        read(k, "COUNT", 1)
        read(k, start="0")
        assert pending(k) == [("1-0", "c", 2)]
        k.run("XGROUP", "SETID", "k", "g", "0")
        read(k, "COUNT", 1, consumer="d")
        assert pending(k) == [("1-0", "d", 1)]
        assert (consumer(k)["pending"], consumer(k, "d")["pending"]) == (0, 1)

    def test_a_group_beyond_the_stream_never_gets_lower_entries_xrg_11(self, k: Api) -> None:
        k.run("XGROUP", "SETID", "k", "g", "9-0")
        k.run("XADD", "k", "8-0", "f", "v")
        assert read(k) is None
        k.run("XADD", "k", "10-0", "f", "v")
        assert read(k) == {"k": entries("10-0")}

    def test_the_highest_id_is_taken_for_new_entries_xrg_7(self, k: Api) -> None:
        assert read(k, start=f"{MAX}-{MAX}") == {"k": entries("1-0", "2-0", "3-0", "4-0", "5-0")}

    def test_a_stream_named_twice_gives_successive_entries_xrg_17(self, k: Api) -> None:
        words = ("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "k", "k", ">", ">")
        assert k.run(*words) == {"k": entries("1-0", "2-0")}

    def test_mixed_streams_come_in_order_and_history_always_xrg_15(self, k: Api) -> None:
        k.run("XGROUP", "CREATE", "a", "g", "$", "MKSTREAM")
        words = ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", "a")
        assert k.run(*words, "0", ">") == {"k": []}
        assert list(k.run(*words, ">", "0")) == ["k", "a"]

    def test_nothing_at_all_is_null_xrg_16(self, k: Api) -> None:
        k.run("XGROUP", "SETID", "k", "g", "$")
        assert read(k) is None


class TestHistory:
    def test_it_shows_ones_own_rows_above_an_id_xrg_12(self, k: Api) -> None:
        read(k, "COUNT", 3)
        read(k, consumer="d")
        assert read(k, start="0") == {"k": entries("1-0", "2-0", "3-0")}
        assert read(k, "COUNT", 1, start="1-0") == {"k": entries("2-0")}
        assert read(k, "BLOCK", 0, start="3-0") == {"k": []}

    def test_a_deleted_entry_shows_as_null_and_counts_xrg_13(self, k: Api) -> None:
        read(k, "COUNT", 2)
        k.run("XDEL", "k", "1-0")
        assert read(k, "COUNT", 1, start="0") == {"k": [["1-0", None]]}
        assert read(k, start="0") == {"k": [["1-0", None], entry("2-0")]}
        assert pending(k) == [("1-0", "c", 1), ("2-0", "c", 2)]

    def test_it_counts_as_a_delivery_but_not_as_activity_xrg_14_st_12_st_13(
        self, k: Api, at: Any
    ) -> None:
        at(0)
        read(k, "COUNT", 1)
        at(5000)
        read(k, "NOACK", start="0")
        assert k.run("XPENDING", "k", "g", "-", "+", "1") == [["1-0", "c", 0, 2]]
        assert (consumer(k)["idle"], consumer(k)["inactive"]) == (0, 5000)

    def test_an_unknown_consumer_is_made_xrg_18_st_9_st_10(self, k: Api) -> None:
        assert read(k, consumer="new", start="0") == {"k": []}
        assert consumer(k, "new")["pending"] == 0

    def test_a_read_that_gives_nothing_makes_the_consumer_xrg_18_st_10(self, k: Api) -> None:
        k.run("XGROUP", "SETID", "k", "g", "$")
        read(k, consumer="new")
        assert consumer(k, "new")["inactive"] == -1


class TestTimes:
    def test_seen_moves_with_each_attempt_st_11(self, k: Api, at: Any) -> None:
        at(0)
        read(k)
        at(1000)
        assert consumer(k)["idle"] == 1000
        read(k)
        assert (consumer(k)["idle"], consumer(k)["inactive"]) == (0, 1000)

    def test_what_is_no_attempt_leaves_seen_st_11_xack_3_xpending_10(self, k: Api, at: Any) -> None:
        at(0)
        read(k)
        at(1000)
        k.run("XACK", "k", "g", "1-0")
        k.run("XPENDING", "k", "g", "-", "+", "10", "c")
        k.run("XGROUP", "CREATECONSUMER", "k", "g", "c")
        assert (consumer(k)["idle"], consumer(k)["inactive"]) == (1000, 1000)

    def test_idle_is_never_below_zero_st_14(self, k: Api, at: Any) -> None:
        at(5000)
        read(k, "COUNT", 1)
        at(0)
        assert k.run("XPENDING", "k", "g", "-", "+", "1") == [["1-0", "c", 0, 1]]


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("COUNT", "1", "STREAMS", "k", ">", "x"), None),
            (("COUNT", "1", "BLOCK", "0", "STREAMS", "k", ">"),
             "ERR Missing GROUP option for XREADGROUP"),
            (("GROUP", "g", "c", "NONE", "STREAMS", "k", ">"), "ERR syntax error"),
            (("GROUP", "g", "c", "COUNT", "x", "STREAMS", "k", ">"),
             "ERR value is not an integer or out of range"),
            (("GROUP", "g", "c", "BLOCK", "x", "STREAMS", "k", ">"),
             "ERR timeout is not an integer or out of range"),
            (("GROUP", "g", "c", "BLOCK", "-1", "STREAMS", "k", ">"), "ERR timeout is negative"),
            (("GROUP", "g", "c", "STREAMS", "none", "abc"), NOGROUP.format("none", "g")),
            (("GROUP", "no", "c", "STREAMS", "k", ">"), NOGROUP.format("k", "no")),
            (("GROUP", "g", "c", "STREAMS", "k", "abc"), BADID),
            (("GROUP", "g", "c", "STREAMS", "k", "-"), BADID),
            (("GROUP", "g", "c", "STREAMS", "k", "none", "abc", ">"), BADID),
        ],
    )  # fmt: skip
    def test_it_checks_in_redis_order_xrg_1_xrg_2_xrg_3_xrg_4(
        self, k: Api, words: tuple[str, ...], refusal: str | None
    ) -> None:
        unbalanced = (
            "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be"
            " specified."
        )
        assert k.refusal("XREADGROUP", *words) == (refusal or unbalanced)

    @pytest.mark.parametrize("text", ["$", "+"])
    def test_dollar_and_plus_mean_nothing_here_xrg_5_xrg_6(self, k: Api, text: str) -> None:
        assert k.refusal("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", text) == (
            f"ERR The {text} ID is meaningless in the context of XREADGROUP: you want to read the"
            " history of this consumer by specifying a proper ID, or use the > ID to get new"
            f" messages. The {text} ID would just return an empty result set."
        )

    def test_one_bad_stream_delivers_nothing_of_the_others_xrg_4(self, k: Api) -> None:
        words = ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", "none", ">", ">")
        assert k.refusal(*words) == NOGROUP.format("none", "g")
        assert k.run("XINFO", "CONSUMERS", "k", "g") == []


class TestAcknowledge:
    def test_it_removes_rows_of_any_owner_once_xack_1(self, k: Api) -> None:
        read(k, "COUNT", 2)
        read(k, "COUNT", 1, consumer="d")
        assert k.run("XACK", "k", "g", "1-0", "1-0", "3-0", "9-0") == 2
        assert k.run("XACK", "k", "g", "1-0") == 0
        assert k.run("XPENDING", "k", "g") == [1, "2-0", "2-0", [["c", "1"]]]

    def test_missing_stream_or_group_is_zero_and_ids_unread_xack_2(self, k: Api) -> None:
        assert k.run("XACK", "none", "g", "abc") == 0
        assert k.run("XACK", "k", "none", "abc") == 0

    def test_one_malformed_id_acknowledges_none_xack_2(self, k: Api) -> None:
        read(k)
        assert "Invalid stream ID" in k.refusal("XACK", "k", "g", "1-0", "abc")
        assert k.run("XPENDING", "k", "g")[0] == 5

    def test_it_works_for_deleted_entries_xack_3(self, k: Api) -> None:
        read(k)
        k.run("XDEL", "k", "1-0")
        assert k.run("XACK", "k", "g", "1-0") == 1
