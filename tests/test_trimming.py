"""XTRIM, POST /trim, and what a trim leaves behind."""

import random

import pytest

from tests.api import Api
from tests.builders import add, add_numbered, counters, exists, ids_of
from tests.entry_ids import BADID

NOT_AN_INTEGER = "ERR value is not an integer or out of range"
SYNTAX = "ERR syntax error"
TWICE = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
NO_STRATEGY = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
MUST_HAVE_STRATEGY = "ERR syntax error, XTRIM must be called with a trimming strategy"
NOT_APPROXIMATE = "ERR syntax error, LIMIT cannot be used without the special ~ option"


def node_count(api: Api, key: str) -> int:
    return int(api.run("XINFO", "STREAM", key)["radix-tree-keys"])


def test_it_works(api: Api) -> None:
    """TRIM-12, TRIM-13, TRIM-14"""
    add(api, "k", "1-0", "2-0", "3-0")
    assert api.run("XTRIM", "k", "MAXLEN", "2") == 1
    assert ids_of(api, "k") == ["2-0", "3-0"]
    assert counters(api, "k") == {
        "length": 2,
        "last": "3-0",
        "first": "2-0",
        "max_deleted": "0-0",
        "added": 3,
    }


REFUSED = [
    ("MAXLEN ~", NOT_AN_INTEGER),
    ("MAXLEN =", NOT_AN_INTEGER),
    ("MINID ~", BADID),
    ("MINID =", BADID),
    ("MAXLEN ~ = 5", NOT_AN_INTEGER),
    ("MAXLEN ~ ~ 5", NOT_AN_INTEGER),
    ("MAXLEN = = 5", NOT_AN_INTEGER),
    ("MAXLEN five", NOT_AN_INTEGER),
    ("MAXLEN 1.5", NOT_AN_INTEGER),
    ("MAXLEN +1", NOT_AN_INTEGER),
    ("MAXLEN 9223372036854775808", NOT_AN_INTEGER),
    ("MAXLEN -1", "ERR The MAXLEN argument must be >= 0."),
    ("MAXLEN ~ -1", "ERR The MAXLEN argument must be >= 0."),
    ("MINID -", BADID),
    ("MINID +", BADID),
    ("MINID (3", BADID),
    ("MINID 3-*", BADID),
    ("MINID *", BADID),
    ("MINID $", BADID),
    ("MINID abc", BADID),
    ("MAXLEN 1 MAXLEN 2", TWICE),
    ("MINID 1 MINID 2", TWICE),
    ("MAXLEN 1 MINID 2", TWICE),
    ("MINID ~ 1 LIMIT 1 MAXLEN ~ 2", TWICE),
    ("MAXLEN ~ 1 LIMIT x", NOT_AN_INTEGER),
    ("MAXLEN ~ 1 LIMIT 1.0", NOT_AN_INTEGER),
    ("MAXLEN ~ 1 LIMIT -1", "ERR The LIMIT argument must be >= 0."),
    ("LIMIT -1", "ERR The LIMIT argument must be >= 0."),
    ("MAXLEN 1 LIMIT", SYNTAX),
    ("MAXLEN ~ 1 LIMIT 5 MINID", SYNTAX),
    ("MAXLEN 1 NOMKSTREAM", SYNTAX),
    ("MAXLEN 1 ~", SYNTAX),
    ("NOMKSTREAM MAXLEN 1", SYNTAX),
    ("FOO 1", SYNTAX),
    ("LIMIT 1", NO_STRATEGY),
    ("LIMIT 0", MUST_HAVE_STRATEGY),
    ("MAXLEN 1 LIMIT 1", NOT_APPROXIMATE),
    ("MAXLEN 1 LIMIT 0", NOT_APPROXIMATE),
    ("MAXLEN = 1 LIMIT 1", NOT_APPROXIMATE),
    ("MINID 1 LIMIT 1", NOT_APPROXIMATE),
    ("LIMIT 1 MINID 1", NOT_APPROXIMATE),
]


@pytest.mark.parametrize(("words", "refusal"), REFUSED)
def test_it_refuses_other_spellings(api: Api, words: str, refusal: str) -> None:
    """TRIM-1 to TRIM-6, TRIM-8, TRIM-9, TRIM-10"""
    add(api, "k", "1-0", "2-0")
    assert api.refusal("XTRIM", "k", *words.split()) == refusal
    assert api.run("XLEN", "k") == 2


@pytest.mark.parametrize(("words", "refusal"), REFUSED)
def test_it_refuses_them_before_it_looks_for_the_stream(api: Api, words: str, refusal: str) -> None:
    """TRIM-11"""
    assert api.refusal("XTRIM", "k", *words.split()) == refusal


@pytest.mark.parametrize("word", ["MAXLEN", "MINID", "LIMIT", "abc"])
def test_it_needs_four_words(api: Api, word: str) -> None:
    """TRIM-7, GEN-4"""
    assert api.refusal("XTRIM", "k", word) == "ERR wrong number of arguments for 'xtrim' command"


@pytest.mark.parametrize(
    "words", ["MAXLEN 2", "maxlen = 2", "MaxLen ~ 2 Limit 0", "limit 9 minid ~ 3", "MINID = 3-0"]
)
def test_a_missing_stream_loses_nothing(api: Api, words: str) -> None:
    """TRIM-11, TRIM-12"""
    assert api.run("XTRIM", "k", *words.split()) == 0
    assert not exists(api, "k")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("MAXLEN 5", 4),
        ("MAXLEN 4", 4),
        ("MAXLEN 3", 3),
        ("MAXLEN = 3", 3),
        ("MAXLEN 1", 1),
        ("MAXLEN 0", 0),
        ("MINID 0", 4),
        ("MINID 1-0", 4),
        ("MINID 1-1", 3),
        ("MINID 2", 3),
        ("MINID = 3-0", 2),
        ("MINID 4-0", 1),
        ("MINID 4-1", 0),
        ("MINID 18446744073709551615", 0),
    ],
)
def test_an_exact_bound_is_kept_to_the_letter(api: Api, words: str, left: int) -> None:
    """TRIM-13, TRIM-3, ST-4"""
    add(api, "k", "1-0", "2-0", "3-0", "4-0")
    assert api.run("XTRIM", "k", *words.split()) == 4 - left
    assert ids_of(api, "k") == ["1-0", "2-0", "3-0", "4-0"][4 - left :]
    assert counters(api, "k") == {
        "length": left,
        "last": "4-0",
        "first": f"{5 - left}-0" if left else "0-0",
        "max_deleted": "0-0",
        "added": 4,
    }


def test_deleted_entries_do_not_count(api: Api) -> None:
    """TRIM-13"""
    add_numbered(api, "k", 6)
    api.run("XDEL", "k", "2-0", "4-0")
    assert api.run("XTRIM", "k", "MAXLEN", "4") == 0
    assert api.run("XTRIM", "k", "MAXLEN", "2") == 2
    assert ids_of(api, "k") == ["5-0", "6-0"]


def test_it_leaves_the_greatest_deleted_id_alone(api: Api) -> None:
    """TRIM-14, ST-5"""
    add_numbered(api, "k", 4)
    api.run("XDEL", "k", "2-0")
    api.run("XTRIM", "k", "MAXLEN", "1")
    assert counters(api, "k") == {
        "length": 1,
        "last": "4-0",
        "first": "4-0",
        "max_deleted": "2-0",
        "added": 4,
    }


def test_an_emptied_stream_stays(api: Api) -> None:
    """TRIM-12, GEN-11, ST-2"""
    add(api, "k", "5-0")
    assert api.run("XTRIM", "k", "MAXLEN", "0") == 1
    assert exists(api, "k")
    assert api.send("XADD", "k", "5-0", "f", "v").status == 409


class TestNodes:
    """TRIM-15, TRIM-16, TRIM-17: what `~` takes, seen from outside."""

    @pytest.mark.parametrize(("count", "nodes"), [(99, 1), (100, 1), (101, 2), (250, 3)])
    def test_a_node_takes_100_entries(self, api: Api, count: int, nodes: int) -> None:
        """TRIM-15, XINFO-11"""
        add_numbered(api, "k", count)
        assert node_count(api, "k") == nodes

    def test_or_4096_bytes(self, api: Api) -> None:
        """TRIM-15, TRIM-19"""
        for ms in range(1, 11):
            api.run("XADD", "k", f"{ms}-0", "f", "x" * 1000)
        assert node_count(api, "k") == 3
        assert api.run("XTRIM", "k", "MAXLEN", "~", "2") == 8

    def test_a_deleted_entry_keeps_its_slot(self, api: Api) -> None:
        """TRIM-15"""
        add_numbered(api, "k", 100)
        api.run("XDEL", "k", "50-0", "60-0")
        add(api, "k", "101-0")
        assert node_count(api, "k") == 2

    def test_a_node_goes_with_its_last_entry(self, api: Api) -> None:
        """TRIM-15"""
        add_numbered(api, "k", 150)
        api.run("XDEL", "k", *(f"{ms}-0" for ms in range(1, 100)))
        assert node_count(api, "k") == 2
        api.run("XDEL", "k", "100-0")
        assert node_count(api, "k") == 1

    def test_the_examples(self, api: Api) -> None:
        """TRIM-16, TRIM-17, TRIM-19"""
        add_numbered(api, "k", 250)
        trims = [
            ("MAXLEN ~ 151", 0),
            ("MAXLEN ~ 150", 100),
            ("MAXLEN ~ 120", 0),
            ("MAXLEN ~ 50 LIMIT 99", 0),
            ("MAXLEN ~ 50 LIMIT 100", 100),
            ("MAXLEN ~ 0", 50),
        ]
        removed = [api.run("XTRIM", "k", *words.split()) for words, _ in trims]
        assert removed == [expected for _, expected in trims]

    def test_the_examples_by_id(self, api: Api) -> None:
        """TRIM-16, TRIM-17, TRIM-19"""
        add_numbered(api, "k", 250)
        trims = [("MINID ~ 100", 0), ("MINID ~ 101", 100), ("MINID ~ 1000 LIMIT 120", 100)]
        removed = [api.run("XTRIM", "k", *words.split()) for words, _ in trims]
        assert removed == [expected for _, expected in trims]
        assert counters(api, "k")["first"] == "201-0"

    def test_a_deleted_last_slot_still_bounds_its_node(self, api: Api) -> None:
        """TRIM-16"""
        add_numbered(api, "k", 150)
        api.run("XDEL", "k", "100-0")
        assert api.run("XTRIM", "k", "MINID", "~", "100") == 0
        assert api.run("XTRIM", "k", "MINID", "~", "101") == 99

    def test_deleted_entries_count_neither_for_the_length_nor_for_the_limit(self, api: Api) -> None:
        """TRIM-16, TRIM-17"""
        add_numbered(api, "k", 150)
        api.run("XDEL", "k", *(f"{ms}-0" for ms in range(1, 91)))
        assert api.run("XTRIM", "k", "MAXLEN", "~", "51") == 0
        assert api.run("XTRIM", "k", "MAXLEN", "~", "50", "LIMIT", "9") == 0
        assert api.run("XTRIM", "k", "MAXLEN", "~", "50", "LIMIT", "10") == 10

    def test_an_exact_trim_may_cut_a_node(self, api: Api) -> None:
        """TRIM-13, TRIM-16"""
        add_numbered(api, "k", 250)
        assert api.run("XTRIM", "k", "MAXLEN", "200") == 50
        assert node_count(api, "k") == 3
        assert api.run("XTRIM", "k", "MAXLEN", "~", "150") == 50

    def test_the_trim_of_an_add_takes_whole_nodes_too(self, api: Api) -> None:
        """TRIM-16, XADD-13"""
        add_numbered(api, "k", 149)
        api.run("XADD", "k", "MAXLEN", "~", "50", "150-0", "f", "v")
        assert api.run("XLEN", "k") == 50


def test_without_a_limit_10000_entries_go_at_most(api: Api) -> None:
    """TRIM-18"""
    add_numbered(api, "k", 10_000)
    add_numbered(api, "k", 200, first=10_001)
    assert api.run("XTRIM", "k", "MAXLEN", "~", "0") == 10_000
    add_numbered(api, "k", 10_000, first=10_201)
    assert api.run("XTRIM", "k", "MAXLEN", "~", "0", "LIMIT", "0") == 10_200


def test_an_exact_trim_has_no_limit(api: Api) -> None:
    """TRIM-18"""
    add_numbered(api, "k", 10_000)
    add_numbered(api, "k", 200, first=10_001)
    assert api.run("XTRIM", "k", "MAXLEN", "0") == 10_200


@pytest.mark.parametrize("seed", range(5))
def test_an_approximate_trim_keeps_its_promises(api: Api, seed: int) -> None:
    """TRIM-20"""
    randomness = random.Random(seed)
    add_numbered(api, "k", 500)
    api.run("XDEL", "k", *(f"{ms}-0" for ms in randomness.sample(range(1, 501), 150)))
    before = ids_of(api, "k")
    while len(before) > 60:
        limit = randomness.choice([0, 40, 100, 250])
        by_length = randomness.random() < 0.5
        threshold = randomness.randint(0, len(before) if by_length else 501)
        strategy = "MAXLEN" if by_length else "MINID"
        removed = api.run("XTRIM", "k", strategy, "~", threshold, "LIMIT", limit)
        after = ids_of(api, "k")
        assert after == before[removed:]
        assert not limit or removed <= limit
        if by_length:
            assert len(after) >= min(len(before), threshold)
        else:
            assert all(int(gone.split("-")[0]) < threshold for gone in before[:removed])
        assert counters(api, "k")["length"] == len(after)
        before = after if removed else before[:0]


class TestPost:
    @pytest.mark.parametrize(
        ("body", "removed"),
        [
            ({"strategy": "maxlen", "threshold": 100}, 150),
            ({"strategy": "MAXLEN", "threshold": "100"}, 150),
            ({"strategy": "maxlen", "threshold": 100, "approximate": True}, 100),
            ({"strategy": "maxlen", "threshold": 0, "approximate": True, "limit": 120}, 100),
            ({"strategy": "minid", "threshold": "101-0"}, 100),
            ({"strategy": "MinId", "threshold": 11}, 10),
        ],
    )
    def test_it_works(self, api: Api, body: dict[str, object], removed: int) -> None:
        """TRIM-12, TRIM-13, TRIM-16, TRIM-17"""
        add_numbered(api, "k", 250)
        assert api.post("/streams/trim", {"key": "k", **body}).result == removed
        assert api.run("XLEN", "k") == 250 - removed

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "invalid_request"),
            ({"strategy": "maxlen"}, "invalid_request"),
            ({"threshold": 1}, "invalid_request"),
            ({"strategy": "length", "threshold": 1}, "invalid_request"),
            ({"strategy": "maxlen", "threshold": 1.5}, "invalid_request"),
            ({"strategy": "maxlen", "threshold": True}, "invalid_request"),
            ({"strategy": "maxlen", "threshold": None}, "invalid_request"),
            ({"strategy": "maxlen", "threshold": "x"}, "invalid_command"),
            ({"strategy": "maxlen", "threshold": -1}, "invalid_command"),
            ({"strategy": "minid", "threshold": "+"}, "invalid_command"),
            ({"strategy": "maxlen", "threshold": 1, "limit": 5}, "invalid_command"),
            ({"strategy": "maxlen", "threshold": 1, "approximate": "yes"}, "invalid_request"),
            (
                {"strategy": "maxlen", "threshold": 1, "approximate": True, "limit": -1},
                "invalid_command",
            ),
        ],
    )
    def test_it_refuses_other_members(self, api: Api, body: dict[str, object], code: str) -> None:
        """TRIM-2, TRIM-3, TRIM-5, TRIM-10"""
        add(api, "k", "1-0", "2-0")
        answer = api.post("/streams/trim", {"key": "k", **body})
        assert (answer.status, answer.code) == (400, code)
        assert api.run("XLEN", "k") == 2
