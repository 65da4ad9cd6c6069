"""XINFO STREAM and GET /info, as far as they tell of the stream itself."""

import pytest

from tests.api import Api
from tests.builders import add, add_numbered, entries, entry

NOT_AN_INTEGER = "ERR value is not an integer or out of range"
SUBSYNTAX = "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."

COUNTERS = [
    "length",
    "radix-tree-keys",
    "radix-tree-nodes",
    "last-generated-id",
    "max-deleted-entry-id",
    "entries-added",
    "recorded-first-entry-id",
]


def test_it_works(api: Api) -> None:
    """XINFO-4, ST-1 to ST-5"""
    add(api, "k", "1-0", "2-0", "3-0", "4-0")
    api.run("XDEL", "k", "1-0", "3-0")
    result = api.run("XINFO", "STREAM", "k")
    assert list(result) == [*COUNTERS, "groups", "first-entry", "last-entry"]
    assert result == {
        "length": 2,
        "radix-tree-keys": 1,
        "radix-tree-nodes": 2,
        "last-generated-id": "4-0",
        "max-deleted-entry-id": "3-0",
        "entries-added": 4,
        "recorded-first-entry-id": "2-0",
        "groups": 0,
        "first-entry": entry("2-0"),
        "last-entry": entry("4-0"),
    }


def test_an_empty_stream_has_neither_first_nor_last_entry(api: Api) -> None:
    """XINFO-4, XINFO-11, ST-4"""
    add(api, "k", "1-0")
    api.run("XDEL", "k", "1-0")
    assert api.run("XINFO", "STREAM", "k") == {
        "length": 0,
        "radix-tree-keys": 0,
        "radix-tree-nodes": 1,
        "last-generated-id": "1-0",
        "max-deleted-entry-id": "1-0",
        "entries-added": 1,
        "recorded-first-entry-id": "0-0",
        "groups": 0,
        "first-entry": None,
        "last-entry": None,
    }


def test_a_stream_made_for_a_group_starts_at_zero(api: Api) -> None:
    """ST-1"""
    api.run("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")
    assert api.run("XINFO", "STREAM", "k") == {
        "length": 0,
        "radix-tree-keys": 0,
        "radix-tree-nodes": 1,
        "last-generated-id": "0-0",
        "max-deleted-entry-id": "0-0",
        "entries-added": 0,
        "recorded-first-entry-id": "0-0",
        "groups": 1,
        "first-entry": None,
        "last-entry": None,
    }


def test_the_last_entry_is_the_greatest_as_a_number(api: Api) -> None:
    """XINFO-4, ID-1"""
    add(api, "k", "9-0", "10-0")
    assert api.run("XINFO", "STREAM", "k")["first-entry"] == entry("9-0")
    assert api.run("XINFO", "STREAM", "k")["last-entry"] == entry("10-0")


@pytest.mark.parametrize(
    "options", ["", "FULL", "FULL COUNT abc", "FULL COUNT", "FOO", "FULL COUNT 1 2"]
)
def test_a_missing_stream_is_reported_before_a_bad_option(api: Api, options: str) -> None:
    """XINFO-2"""
    answer = api.send("XINFO", "STREAM", "k", *options.split())
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.message == "ERR no such key"


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ("FOO", SUBSYNTAX),
        ("COUNT 1", SUBSYNTAX),
        ("FULL COUNT", SUBSYNTAX),
        ("FULL FULL", SUBSYNTAX),
        ("FULL LIMIT 1", SUBSYNTAX),
        ("FULL COUNT 1 2", SUBSYNTAX),
        ("FULL COUNT 1 COUNT 1", SUBSYNTAX),
        ("FULL 1", SUBSYNTAX),
        ("FOO COUNT x", SUBSYNTAX),
        ("FULL COUNT x", NOT_AN_INTEGER),
        ("FULL COUNT 01", NOT_AN_INTEGER),
        ("FULL COUNT 1.0", NOT_AN_INTEGER),
    ],
)
def test_it_refuses_other_options(api: Api, options: str, refusal: str) -> None:
    """XINFO-3, GEN-7"""
    add(api, "k", "1-0")
    assert api.refusal("XINFO", "STREAM", "k", *options.split()) == refusal


class TestFull:
    def test_it_works(self, api: Api) -> None:
        """XINFO-6"""
        add(api, "k", "1-0", "2-0")
        result = api.run("XINFO", "STREAM", "k", "FULL")
        assert list(result) == [*COUNTERS, "entries", "groups"]
        assert result == {
            "length": 2,
            "radix-tree-keys": 1,
            "radix-tree-nodes": 2,
            "last-generated-id": "2-0",
            "max-deleted-entry-id": "0-0",
            "entries-added": 2,
            "recorded-first-entry-id": "1-0",
            "entries": entries("1-0", "2-0"),
            "groups": [],
        }

    @pytest.mark.parametrize(
        ("options", "shown"),
        [
            ("FULL", 10),
            ("full count 3", 3),
            ("FULL COUNT 10", 10),
            ("FULL COUNT 11", 11),
            ("FULL COUNT 12", 12),
            ("FULL COUNT 99", 12),
            ("FULL COUNT 0", 12),
            ("FULL COUNT -1", 10),
            ("FULL COUNT -9223372036854775808", 10),
        ],
    )
    def test_it_shows_the_oldest_entries(self, api: Api, options: str, shown: int) -> None:
        """XINFO-3, XINFO-6"""
        add_numbered(api, "k", 12)
        result = api.run("XINFO", "STREAM", "k", *options.split())
        assert result["entries"] == entries(*(f"{ms}-0" for ms in range(1, shown + 1)))
        assert result["length"] == 12


@pytest.mark.parametrize(
    ("count", "nodes"), [(1, 1), (100, 1), (101, 2), (200, 2), (201, 3), (2001, 21)]
)
def test_it_counts_the_storage_nodes(api: Api, count: int, nodes: int) -> None:
    """XINFO-11, TRIM-15"""
    add_numbered(api, "k", count)
    assert api.run("XINFO", "STREAM", "k")["radix-tree-keys"] == nodes


class TestGet:
    def test_it_works(self, api: Api) -> None:
        """XINFO-4, XINFO-6"""
        add_numbered(api, "k", 12)
        assert api.get("/streams/info/k").result == api.run("XINFO", "STREAM", "k")
        full = api.run("XINFO", "STREAM", "k", "FULL")
        assert api.get("/streams/info/k", section="stream", full="true").result == full
        assert api.get("/streams/info/k", full="false").result["groups"] == 0

    @pytest.mark.parametrize(("count", "shown"), [(2, 2), (0, 12), (-1, 10)])
    def test_a_count(self, api: Api, count: int, shown: int) -> None:
        """XINFO-3, XINFO-6"""
        add_numbered(api, "k", 12)
        result = api.get("/streams/info/k", full="true", count=count).result
        assert len(result["entries"]) == shown

    def test_a_missing_stream(self, api: Api) -> None:
        """XINFO-2"""
        answer = api.get("/streams/info/k")
        assert (answer.status, answer.code) == (404, "not_found")
        assert answer.message == "ERR no such key"

    @pytest.mark.parametrize(
        "query",
        ["section=entries", "full=yes", "full=TRUE", "count=1", "full=true&count=x", "limit=1"],
    )
    def test_it_refuses_other_parameters(self, api: Api, query: str) -> None:
        """XINFO-3"""
        add(api, "k", "1-0")
        answer = api.request("GET", f"/streams/info/k?{query}")
        assert (answer.status, answer.code) == (400, "invalid_query")
