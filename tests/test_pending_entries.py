"""XPENDING, XCLAIM and XAUTOCLAIM: the pending entries list and those who take it over."""

from typing import Any

import pytest

from streams import clock
from tests.api import Api
from tests.builders import add_numbered, entries
from tests.entry_ids import BADID

pytestmark = pytest.mark.django_db

NOGROUP = "NOGROUP No such key '{}' or consumer group '{}'"
INTEGER = "ERR value is not an integer or out of range"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the commands' clock to so many milliseconds after now; returns that instant."""
    now = clock.now_ms()

    def set_clock(ms: int) -> int:
        monkeypatch.setattr(clock, "now_ms", lambda: now + ms)
        return now + ms

    return set_clock


@pytest.fixture
def k(api: Api, at: Any) -> Api:
    """Five entries of k, all delivered at 0 ms: 1-0 and 2-0 to a, the others to b."""
    at(0)
    add_numbered(api, "k", 5)
    api.run("XGROUP", "CREATE", "k", "g", "0")
    api.run("XREADGROUP", "GROUP", "g", "a", "COUNT", 2, "STREAMS", "k", ">")
    api.run("XREADGROUP", "GROUP", "g", "b", "STREAMS", "k", ">")
    at(1000)
    return api


def rows(api: Api) -> list[list[Any]]:
    return list(api.run("XPENDING", "k", "g", "-", "+", "1000"))


def consumer(api: Api, name: str) -> dict[str, Any]:
    (found,) = [info for info in api.run("XINFO", "CONSUMERS", "k", "g") if info["name"] == name]
    return dict(found)


class TestPending:
    def test_the_summary_counts_by_consumer_xpending_5(self, k: Api) -> None:
        k.run("XGROUP", "CREATECONSUMER", "k", "g", "idle")
        assert k.run("XPENDING", "k", "g") == [5, "1-0", "5-0", [["a", "2"], ["b", "3"]]]

    def test_an_empty_list_has_nulls_xpending_6(self, api: Api) -> None:
        api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
        assert api.run("XPENDING", "k", "g") == [0, None, None, None]

    def test_the_extended_form_lists_rows_xpending_7(self, k: Api) -> None:
        assert k.run("XPENDING", "k", "g", "(1", "4", "2") == [
            ["2-0", "a", 1000, 1], ["3-0", "b", 1000, 1],
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "words", [("-", "+", "0"), ("-", "+", "-1"), ("+", "-", "9"), ("-", "+", "9", "nobody")]
    )
    def test_it_may_list_nothing_xpending_8(self, k: Api, words: tuple[str, ...]) -> None:
        assert k.run("XPENDING", "k", "g", *words) == []
        assert len(k.run("XINFO", "CONSUMERS", "k", "g")) == 2

    @pytest.mark.parametrize(
        ("idle", "ids"),
        [("999", 5), ("1000", 5), ("1001", 0), ("0", 5), ("-5", 5)],
    )
    def test_idle_filters_without_using_up_the_count_xpending_9(
        self, k: Api, idle: str, ids: int
    ) -> None:
        assert len(k.run("XPENDING", "k", "g", "IDLE", idle, "-", "+", "10")) == ids
        k.run("XCLAIM", "k", "g", "a", 0, "1-0")
        assert k.run("XPENDING", "k", "g", "IDLE", "1", "-", "+", "1") == [["2-0", "a", 1000, 1]]

    def test_surplus_words_are_not_looked_at_xpending_4(self, k: Api) -> None:
        assert len(k.run("XPENDING", "k", "g", "-", "+", "10", "a", "extra")) == 2
        assert k.run("XPENDING", "k", "g", "-", "+", "10", "IDLE", "5") == []

    def test_deleted_entries_are_listed_xpending_10(self, k: Api) -> None:
        k.run("XDEL", "k", "1-0")
        assert rows(k)[0] == ["1-0", "a", 1000, 1]

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("k",), "ERR wrong number of arguments for 'xpending' command"),
            (("k", "g", "-"), "ERR syntax error"),
            (("k", "g", "-", "+"), "ERR syntax error"),
            (("k", "g", "-", "+", "1", "c", "x", "y", "z"), "ERR syntax error"),
            (("no", "g", "IDLE", "x", "-"), INTEGER),
            (("no", "g", "IDLE", "1", "-"), "ERR syntax error"),
            (("no", "g", "abc", "+", "x"), INTEGER),
            (("no", "g", "abc", "(0-0", "1"), BADID),
            (("no", "g", "-", "(0-0", "1"), "ERR invalid end ID for the interval"),
            (("no", "g", "-", "+", "1"), NOGROUP.format("no", "g")),
            (("k", "no"), NOGROUP.format("k", "no")),
        ],
    )
    def test_it_checks_in_redis_order_xpending_1_xpending_2_xpending_3(
        self, k: Api, words: tuple[str, ...], refusal: str
    ) -> None:
        assert k.refusal("XPENDING", *words) == refusal


class TestClaim:
    def test_it_moves_idle_entries_xclaim_11_xclaim_12_xclaim_14(self, k: Api, at: Any) -> None:
        k.run("XCLAIM", "k", "g", "b", 0, "2-0")
        at(1500)
        claimed = k.run("XCLAIM", "k", "g", "c", 1000, "3-0", "2-0", "1-0")
        assert claimed == entries("3-0", "1-0")
        assert [row[:2] for row in rows(k)][:3] == [["1-0", "c"], ["2-0", "b"], ["3-0", "c"]]
        assert rows(k)[0] == ["1-0", "c", 0, 2]
        assert (consumer(k, "c")["pending"], consumer(k, "c")["inactive"]) == (2, 0)

    def test_one_may_claim_ones_own_and_twice_xclaim_12_xclaim_14(self, k: Api) -> None:
        assert k.run("XCLAIM", "k", "g", "a", 0, "1-0", "1-0") == entries("1-0", "1-0")
        assert rows(k)[0] == ["1-0", "a", 0, 3]

    @pytest.mark.parametrize(
        ("options", "idle", "count"),
        [
            ((), 0, 2),
            (("JUSTID",), 0, 1),
            (("RETRYCOUNT", 9), 0, 9),
            (("RETRYCOUNT", 0), 0, 0),
            (("RETRYCOUNT", -1), 0, 2),
            (("RETRYCOUNT", 7, "JUSTID"), 0, 7),
            (("IDLE", 500), 500, 2),
            (("IDLE", -5000), 0, 2),
            (("TIME", 0), None, 2),
            (("TIME", 2**62), 0, 2),
            (("TIME", 0, "IDLE", 300), 300, 2),
            (("idle", 100, "IDLE", 200), 200, 2),
        ],
    )
    def test_options_set_time_and_count_xclaim_4_xclaim_8_xclaim_13_st_13(
        self, k: Api, at: Any, options: tuple[Any, ...], idle: int | None, count: int
    ) -> None:
        now = at(1000)
        k.run("XCLAIM", "k", "g", "c", 0, "1-0", *options)
        assert rows(k)[0] == ["1-0", "c", now if idle is None else idle, count]

    def test_a_deleted_entry_leaves_the_list_xclaim_9(self, k: Api) -> None:
        k.run("XDEL", "k", "1-0")
        assert k.run("XCLAIM", "k", "g", "c", 99999, "1-0", "2-0", "FORCE") == []
        assert [row[0] for row in rows(k)] == ["2-0", "3-0", "4-0", "5-0"]
        assert consumer(k, "a")["pending"] == 1

    def test_force_takes_what_is_on_no_list_xclaim_10_xclaim_13_xclaim_15(self, k: Api) -> None:
        k.run("XACK", "k", "g", "1-0", "2-0")
        assert k.run("XCLAIM", "k", "g", "c", 0, "1-0") == []
        assert k.run("XCLAIM", "k", "g", "c", 99999, "1-0", "FORCE") == entries("1-0")
        assert k.run("XCLAIM", "k", "g", "c", 0, "2-0", "9-9", "FORCE", "JUSTID") == ["2-0"]
        assert rows(k)[:2] == [["1-0", "c", 0, 2], ["2-0", "c", 0, 1]]

    def test_lastid_only_raises_the_groups_place_xclaim_7(self, k: Api) -> None:
        k.run("XCLAIM", "k", "g", "c", 0, "9-9", "LASTID", "3-0")
        assert k.run("XINFO", "GROUPS", "k")[0]["last-delivered-id"] == "5-0"
        k.run("XCLAIM", "k", "g", "c", 0, "9-9", "LASTID", "8-0")
        (group,) = k.run("XINFO", "GROUPS", "k")
        assert (group["last-delivered-id"], group["entries-read"]) == ("8-0", 5)

    def test_zero_ids_are_legal_and_make_the_consumer_xclaim_3_xclaim_16(self, k: Api) -> None:
        assert k.run("XCLAIM", "k", "g", "new", 0, "JUSTID") == []
        assert (consumer(k, "new")["idle"], consumer(k, "new")["inactive"]) == (0, -1)

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("k", "g", "c", "0"), "ERR wrong number of arguments for 'xclaim' command"),
            (("no", "g", "c", "x", "abc"), NOGROUP.format("no", "g")),
            (("k", "no", "c", "x", "abc"), NOGROUP.format("k", "no")),
            (("k", "g", "c", "x", "1-0"), "ERR Invalid min-idle-time argument for XCLAIM"),
            (("k", "g", "c", "0", "abc"), "ERR Unrecognized XCLAIM option 'abc'"),
            (("k", "g", "c", "0", "1-0", "-"), "ERR Unrecognized XCLAIM option '-'"),
            (("k", "g", "c", "0", "1-0", "FORCE", "2-0"), "ERR Unrecognized XCLAIM option '2-0'"),
            (("k", "g", "c", "0", "1-0", "IDLE"), "ERR Unrecognized XCLAIM option 'IDLE'"),
            (("k", "g", "c", "0", "1-0", "IDLE", "x"),
             "ERR Invalid IDLE option argument for XCLAIM"),
            (("k", "g", "c", "0", "1-0", "TIME", "x"),
             "ERR Invalid TIME option argument for XCLAIM"),
            (("k", "g", "c", "0", "1-0", "RETRYCOUNT", "x"),
             "ERR Invalid RETRYCOUNT option argument for XCLAIM"),
            (("k", "g", "c", "0", "1-0", "LASTID", "x"), BADID),
        ],
    )  # fmt: skip
    def test_it_checks_in_redis_order_xclaim_1_xclaim_2_xclaim_5_xclaim_6(
        self, k: Api, words: tuple[str, ...], refusal: str
    ) -> None:
        assert k.refusal("XCLAIM", *words) == refusal
        assert len(k.run("XINFO", "CONSUMERS", "k", "g")) == 2


class TestAutoClaim:
    def test_it_claims_down_the_list_xac_7_xac_8_xac_9(self, k: Api) -> None:
        first = k.run("XAUTOCLAIM", "k", "g", "c", 0, "0", "COUNT", 2)
        assert first == ["3-0", entries("1-0", "2-0"), []]
        assert k.run("XAUTOCLAIM", "k", "g", "c", 0, "3-0", "COUNT", 3, "JUSTID") == [
            "0-0", ["3-0", "4-0", "5-0"], [],
        ]  # fmt: skip
        assert [row[1:] for row in rows(k)] == [["c", 0, 2]] * 2 + [["c", 0, 1]] * 3

    def test_without_a_min_idle_time_it_claims_what_a_later_clock_delivered(
        self, k: Api, at: Any
    ) -> None:
        at(-5000)
        assert k.run("XAUTOCLAIM", "k", "g", "c", 0, "0", "COUNT", 2) == [
            "3-0", entries("1-0", "2-0"), [],
        ]  # fmt: skip
        assert k.run("XPENDING", "k", "g", "IDLE", 0, "-", "+", 1) == [["1-0", "c", 0, 2]]

    def test_deleted_entries_are_reported_and_leave_xac_5(self, k: Api) -> None:
        k.run("XDEL", "k", "1-0", "3-0")
        reply = k.run("XAUTOCLAIM", "k", "g", "c", 99999, "-")
        assert reply == ["0-0", [], ["1-0", "3-0"]]
        assert [row[0] for row in rows(k)] == ["2-0", "4-0", "5-0"]

    def test_the_budget_bounds_what_is_looked_at_xac_4_xac_6_xac_9_xac_10(self, api: Api) -> None:
        add_numbered(api, "k", 40)
        api.run("XGROUP", "CREATE", "k", "g", "0")
        api.run("XREADGROUP", "GROUP", "g", "a", "STREAMS", "k", ">")
        for count, cursor in ((1, "11-0"), (3, "31-0"), (4, "0-0")):
            reply = api.run("XAUTOCLAIM", "k", "g", "c", 99999, "0", "COUNT", count)
            assert reply == [cursor, [], []]
        api.run("XDEL", "k", "1-0", "2-0", "3-0")
        api.run("XCLAIM", "k", "g", "a", 0, "11-0", "IDLE", 200_000)
        words = ("XAUTOCLAIM", "k", "g", "c", 99999)
        assert api.run(*words, "0", "COUNT", 2) == ["3-0", [], ["1-0", "2-0"]]
        assert api.run(*words, "3-0", "COUNT", 2) == ["12-0", entries("11-0"), ["3-0"]]

    @pytest.mark.parametrize("start", ["+", "6-0", "(5-0"])
    def test_beyond_the_list_there_is_nothing_xac_11(self, k: Api, start: str) -> None:
        assert k.run("XAUTOCLAIM", "k", "g", "c", 0, start) == ["0-0", [], []]

    def test_it_makes_and_sees_the_consumer_xac_12(self, k: Api) -> None:
        k.run("XAUTOCLAIM", "k", "g", "new", 99999, "0")
        assert (consumer(k, "new")["idle"], consumer(k, "new")["inactive"]) == (0, -1)
        k.run("XAUTOCLAIM", "k", "g", "new", 0, "0")
        assert consumer(k, "new")["inactive"] == 0

    def test_a_very_large_count_is_taken_xac_3(self, k: Api) -> None:
        reply = k.run("XAUTOCLAIM", "k", "g", "c", 0, "0", "COUNT", 576460752303423487, "JUSTID")
        assert reply == ["0-0", ["1-0", "2-0", "3-0", "4-0", "5-0"], []]

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [
            (("k", "g", "c", "0"), "ERR wrong number of arguments for 'xautoclaim' command"),
            (("no", "g", "c", "x", "abc"), "ERR Invalid min-idle-time argument for XAUTOCLAIM"),
            (("no", "g", "c", "0", "abc", "NONE"), BADID),
            (("no", "g", "c", "0", "0", "NONE"), "ERR syntax error"),
            (("no", "g", "c", "0", "0", "COUNT"), "ERR syntax error"),
            (("no", "g", "c", "0", "0", "COUNT", "0"), "ERR COUNT must be > 0"),
            (("no", "g", "c", "0", "0", "COUNT", "-1"), "ERR COUNT must be > 0"),
            (("no", "g", "c", "0", "0", "COUNT", "x"), "ERR COUNT must be > 0"),
            (("no", "g", "c", "0", "0", "COUNT", "576460752303423488"), "ERR COUNT must be > 0"),
            (("no", "g", "c", "0", "0"), NOGROUP.format("no", "g")),
            (("k", "no", "c", "0", "0"), NOGROUP.format("k", "no")),
        ],
    )
    def test_it_checks_in_redis_order_xac_1_xac_2(
        self, k: Api, words: tuple[str, ...], refusal: str
    ) -> None:
        assert k.refusal("XAUTOCLAIM", *words) == refusal


class TestInfo:
    def test_groups_and_consumers_xinfo_9_xinfo_10(self, k: Api) -> None:
        assert k.run("XINFO", "GROUPS", "k") == [
            {"name": "g", "consumers": 2, "pending": 5, "last-delivered-id": "5-0",
             "entries-read": 5, "lag": 0},
        ]  # fmt: skip
        assert k.run("XINFO", "CONSUMERS", "k", "g") == [
            {"name": "a", "pending": 2, "idle": 1000, "inactive": 1000},
            {"name": "b", "pending": 3, "idle": 1000, "inactive": 1000},
        ]
        k.run("XADD", "none", "*", "f", "v")
        assert k.run("XINFO", "GROUPS", "none") == []

    def test_full_shows_groups_and_consumers_xinfo_7_xinfo_8(self, k: Api, at: Any) -> None:
        delivered_at = at(0)
        info = k.run("XINFO", "STREAM", "k", "FULL", "COUNT", 2)
        assert info["entries"] == entries("1-0", "2-0")
        (group,) = info["groups"]
        assert list(group) == [
            "name", "last-delivered-id", "entries-read", "lag", "pel-count", "pending", "consumers",
        ]  # fmt: skip
        assert group["pel-count"] == 5
        assert group["pending"] == [["1-0", "a", delivered_at, 1], ["2-0", "a", delivered_at, 1]]
        assert group["consumers"][1] == {
            "name": "b", "seen-time": delivered_at, "active-time": delivered_at, "pel-count": 3,
            "pending": [["3-0", delivered_at, 1], ["4-0", delivered_at, 1]],
        }  # fmt: skip

    def test_the_typed_endpoints_say_the_same(self, k: Api) -> None:
        groups = k.get("/streams/info/k?section=groups").result
        assert groups == k.run("XINFO", "GROUPS", "k")
        consumers = k.get("/streams/info/k?section=consumers&group=g").result
        assert consumers == k.run("XINFO", "CONSUMERS", "k", "g")

    def test_missing_ones_are_reported_in_redis_order_xinfo_2(self, k: Api) -> None:
        assert k.refusal("XINFO", "CONSUMERS", "no", "g") == "ERR no such key"
        no_group = "NOGROUP No such consumer group 'no' for key name 'k'"
        assert k.refusal("XINFO", "CONSUMERS", "k", "no") == no_group


class TestTypedEndpoints:
    def test_a_life_of_a_group(self, api: Api) -> None:
        body = {"key": "k", "group": "g", "id": "0", "mkstream": True, "entries_read": 0}
        assert api.post("/streams/groups/create", body).result == "OK"
        add_numbered(api, "k", 3)
        read = {"group": "g", "consumer": "a", "streams": [{"key": "k"}], "count": 2}
        assert api.post("/streams/groups/read", read).result == {"k": entries("1-0", "2-0")}
        who = {"key": "k", "group": "g"}
        assert api.post("/streams/groups/ack", {**who, "ids": ["1-0"]}).result == 1
        claim = {**who, "consumer": "b", "ids": ["2-0"], "retry_count": 7, "idle_ms": 50}
        assert api.post("/streams/groups/claim", claim).result == entries("2-0")
        auto = {**who, "consumer": "c", "justid": True}
        assert api.post("/streams/groups/autoclaim", auto).result == ["0-0", ["2-0"], []]
        assert api.get("/streams/groups/pending/k/g").result == [1, "2-0", "2-0", [["c", "1"]]]
        (row,) = api.get("/streams/groups/pending/k/g?count=5&consumer=c").result
        assert (row[0], row[1], row[3]) == ("2-0", "c", 7)
        assert api.get("/streams/groups/pending/k/g?min_idle_ms=99999").result == []

    @pytest.mark.parametrize(
        ("path", "body", "member"),
        [
            ("create", {"key": "k"}, "group"),
            ("create", {"key": "k", "group": ""}, "group"),
            ("create", {"key": "k", "group": "g", "mkstream": 1}, "mkstream"),
            ("read", {"group": "g", "consumer": "", "streams": [{"key": "k"}]}, "consumer"),
            ("read", {"group": "g", "consumer": "c", "streams": []}, "streams"),
            ("read", {"group": "g", "consumer": "c", "streams": [{"key": ""}]}, "streams"),
            ("ack", {"key": "k", "group": "g", "ids": []}, "ids"),
            ("ack", {"key": "k", "group": "g", "ids": "1-0"}, "ids"),
            ("claim", {"key": "k", "group": "g", "consumer": "c", "ids": []}, "ids"),
            ("claim", {"key": "k", "group": "g", "consumer": "c", "ids": ["1-0"], "idle_ms": 1,
                       "time_ms": 1}, "idle_ms"),
            ("autoclaim", {"key": "k", "group": "g", "consumer": "c", "count": "5"}, "count"),
        ],
    )  # fmt: skip
    def test_a_wrong_member_is_named(
        self, api: Api, path: str, body: dict[str, Any], member: str
    ) -> None:
        answer = api.post(f"/streams/groups/{path}", body)
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert member in answer.message

    def test_another_plate_sees_nothing(self, k: Api, other_api: Api) -> None:
        assert other_api.refusal("XPENDING", "k", "g") == NOGROUP.format("k", "g")
        assert other_api.run("XACK", "k", "g", "1-0") == 0
        assert len(rows(k)) == 5
