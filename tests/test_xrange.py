"""XRANGE and XREVRANGE, GET /range and GET /reverse."""

import pytest

from tests.api import Api
from tests.builders import add, add_numbered, entries
from tests.entry_ids import BADID, MAX

SYNTAX = "ERR syntax error"
NOT_AN_INTEGER = "ERR value is not an integer or out of range"
BAD_START = "ERR invalid start ID for the interval"
BAD_END = "ERR invalid end ID for the interval"


def test_it_works(api: Api) -> None:
    """XRANGE-1, XRANGE-7"""
    add(api, "k", "1-0", "2-0", "3-0")
    assert api.run("XRANGE", "k", "-", "+") == entries("1-0", "2-0", "3-0")
    assert api.run("XREVRANGE", "k", "+", "-") == entries("3-0", "2-0", "1-0")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2-0", "3-0", ["2-0", "2-5", "3-0"]),
        ("2-0", "2-0", ["2-0"]),
        ("2", "2", ["2-0", "2-5"]),
        ("2-1", "3", ["2-5", "3-0"]),
        ("(2-0", "3-0", ["2-5", "3-0"]),
        ("2-0", "(3-0", ["2-0", "2-5"]),
        ("(2-0", "(3-0", ["2-5"]),
        ("(2", "(3", ["2-5", "3-0"]),
        ("-", "(2", ["1-0", "2-0", "2-5"]),
        ("(0", "1", ["1-0"]),
        ("0", MAX, ["1-0", "2-0", "2-5", "3-0"]),
        ("+", "+", []),
        ("-", "-", []),
        ("4", "9", []),
        ("3", "2", []),
        ("+", "-", []),
        ("(2-5", "(3-0", []),
        ("(2-0", "(2-1", []),
    ],
)
def test_bounds_are_inclusive_unless_excluded(
    api: Api, start: str, end: str, expected: list[str]
) -> None:
    """XRANGE-1, XRANGE-2, XRANGE-6, XRANGE-8"""
    add(api, "k", "1-0", "2-0", "2-5", "3-0")
    assert api.run("XRANGE", "k", start, end) == entries(*expected)
    assert api.run("XREVRANGE", "k", end, start) == entries(*reversed(expected))


def test_a_missing_sequence_is_the_highest_at_the_end_whatever_its_place(api: Api) -> None:
    """XRANGE-2"""
    add(api, "k", "5-0", f"5-{MAX}")
    assert api.run("XRANGE", "k", "5", "5") == entries("5-0", f"5-{MAX}")
    assert api.run("XREVRANGE", "k", "5", "5") == entries(f"5-{MAX}", "5-0")


def test_the_ends_in_the_wrong_order_are_an_empty_range(api: Api) -> None:
    """XRANGE-6, XRANGE-8"""
    add(api, "k", "1-0")
    assert api.run("XRANGE", "k", "+", "-") == []
    assert api.run("XREVRANGE", "k", "-", "+") == []


TOP = f"({MAX}-{MAX}"


@pytest.mark.parametrize(
    ("start", "end", "options", "refusal"),
    [
        ("abc", "(0-0", "COUNT x", BADID),
        (TOP, "abc", "COUNT x", BAD_START),
        ("-", "abc", "COUNT x", BADID),
        ("-", "(0-0", "COUNT x", BAD_END),
        ("-", "+", "COUNT x", NOT_AN_INTEGER),
        ("-", "+", "COUNT", SYNTAX),
        ("-", "+", "COUNT 1 COUNT", SYNTAX),
        ("-", "+", "COUNT 1 2", SYNTAX),
        ("-", "+", "LIMIT 1", SYNTAX),
        ("-", "+", "1", SYNTAX),
        ("-", "+", "COUNT x FOO", NOT_AN_INTEGER),
        ("-", "+", "FOO COUNT x", SYNTAX),
        ("-", "+", "COUNT 1.5", NOT_AN_INTEGER),
    ],
)
def test_it_checks_the_start_the_end_and_the_options_in_that_order(
    api: Api, start: str, end: str, options: str, refusal: str
) -> None:
    """XRANGE-3, XRANGE-4"""
    assert api.refusal("XRANGE", "k", start, end, *options.split()) == refusal
    assert api.refusal("XREVRANGE", "k", end, start, *options.split()) == refusal
    add(api, "k", "1-0")
    assert api.refusal("XRANGE", "k", start, end, *options.split()) == refusal


@pytest.mark.parametrize(
    ("count", "ascending", "descending"),
    [
        ("1", ["1-0"], ["4-0"]),
        ("3", ["1-0", "2-0", "3-0"], ["4-0", "3-0", "2-0"]),
        ("4", ["1-0", "2-0", "3-0", "4-0"], ["4-0", "3-0", "2-0", "1-0"]),
        ("5", ["1-0", "2-0", "3-0", "4-0"], ["4-0", "3-0", "2-0", "1-0"]),
    ],
)
def test_count_keeps_the_first_in_the_order_of_the_reply(
    api: Api, count: str, ascending: list[str], descending: list[str]
) -> None:
    """XRANGE-7"""
    add_numbered(api, "k", 4)
    assert api.run("XRANGE", "k", "-", "+", "COUNT", count) == entries(*ascending)
    assert api.run("XREVRANGE", "k", "+", "-", "COUNT", count) == entries(*descending)


def test_the_last_count_wins(api: Api) -> None:
    """XRANGE-4"""
    add_numbered(api, "k", 4)
    assert api.run("XRANGE", "k", "-", "+", "COUNT", "1", "count", "2") == entries("1-0", "2-0")


@pytest.mark.parametrize("count", ["0", "-1", "-9223372036854775808"])
@pytest.mark.parametrize("command", [("XRANGE", "k", "-", "+"), ("XREVRANGE", "k", "+", "-")])
def test_a_count_of_none_tells_whether_the_stream_exists(
    api: Api, command: tuple[str, ...], count: str
) -> None:
    """XRANGE-5"""
    assert api.run(*command, "COUNT", count) == []
    add(api, "k", "1-0")
    assert api.run(*command, "COUNT", count) is None
    api.run("XDEL", "k", "1-0")
    assert api.run(*command, "COUNT", count) is None


def test_a_missing_or_empty_stream_has_no_entries(api: Api) -> None:
    """XRANGE-6"""
    assert api.run("XRANGE", "k", "-", "+") == []
    assert api.run("XREVRANGE", "k", "+", "-", "COUNT", "5") == []
    add(api, "k", "1-0")
    api.run("XDEL", "k", "1-0")
    assert api.run("XRANGE", "k", "-", "+") == []


class TestGet:
    def test_it_works(self, api: Api) -> None:
        """XRANGE-1, XRANGE-7"""
        add_numbered(api, "k", 3)
        assert api.get("/streams/range/k").result == entries("1-0", "2-0", "3-0")
        assert api.get("/streams/reverse/k").result == entries("3-0", "2-0", "1-0")

    def test_bounds_and_count(self, api: Api) -> None:
        """XRANGE-1, XRANGE-2, XRANGE-7"""
        add_numbered(api, "k", 5)
        ascending = api.get("/streams/range/k", start="(1", end="4", count=2)
        assert ascending.result == entries("2-0", "3-0")
        descending = api.get("/streams/reverse/k", start="4", end="(1-0", count=2)
        assert descending.result == entries("4-0", "3-0")

    def test_a_lone_space_is_a_plus(self, api: Api) -> None:
        """XRANGE-1, ID-5"""
        add(api, "k", "1-0")
        assert api.request("GET", "/streams/range/k?start=-&end=+").result == entries("1-0")
        assert api.request("GET", "/streams/reverse/k?start=+&end=-").result == entries("1-0")
        assert api.get("/streams/range/k", end="  ").code == "invalid_command"

    @pytest.mark.parametrize("path", ["/streams/range/k", "/streams/reverse/k"])
    @pytest.mark.parametrize("count", [0, -1])
    def test_a_count_of_none_is_an_empty_list(self, api: Api, path: str, count: int) -> None:
        """XRANGE-5, but the endpoints answer with an empty list (docs/redis-compatibility.md)"""
        assert api.get(path, count=count).result == []
        add(api, "k", "1-0")
        assert api.get(path, count=count).result == []

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("start=abc", "invalid_command"),
            ("end=abc", "invalid_command"),
            ("start=", "invalid_command"),
            ("end=(0-0", "invalid_command"),
            ("count=x", "invalid_query"),
            ("count=01", "invalid_query"),
            ("count=", "invalid_query"),
            ("count=1.0", "invalid_query"),
            ("count=9223372036854775808", "invalid_query"),
            ("limit=1", "invalid_query"),
            ("start=1&start=2", "invalid_query"),
        ],
    )
    def test_it_refuses_other_parameters(self, api: Api, query: str, code: str) -> None:
        """XRANGE-3, XRANGE-4"""
        answer = api.request("GET", f"/streams/range/k?{query}")
        assert (answer.status, answer.code) == (400, code)
