"""Where which spelling of an ID is taken (ID)."""

import pytest

from tests.api import Api
from tests.builders import add, entries, exists, ids_of
from tests.entry_ids import BADID, MAX, NEVER_AN_ID

STRICT_PLACES: list[tuple[str, ...]] = [
    ("XADD", "k", "{}", "f", "v"),
    ("XADD", "k", "MINID", "{}", "*", "f", "v"),
    ("XDEL", "k", "{}"),
    ("XTRIM", "k", "MINID", "{}"),
    ("XREAD", "STREAMS", "k", "{}"),
    ("XSETID", "k", "{}"),
    ("XSETID", "k", "9-0", "MAXDELETEDID", "{}"),
]
BOUNDS: list[tuple[str, ...]] = [
    ("XRANGE", "k", "{}", "+"),
    ("XRANGE", "k", "-", "{}"),
    ("XREVRANGE", "k", "{}", "-"),
    ("XREVRANGE", "k", "+", "{}"),
]
TAKEN_SOMEWHERE = {"*", "1-*", "$", ">", "+", "-", "(1-0"}
MALFORMED = [text for text in NEVER_AN_ID if text not in TAKEN_SOMEWHERE]


def with_id(words: tuple[str, ...], text: str) -> list[str]:
    return [text if word == "{}" else word for word in words]


def test_the_smallest_and_the_greatest_id(api: Api) -> None:
    """ID-1, ID-12"""
    add(api, "k", "0-1", f"{MAX}-{MAX}")
    assert ids_of(api, "k") == ["0-1", f"{MAX}-{MAX}"]


def test_ids_are_ordered_as_numbers(api: Api) -> None:
    """ID-1"""
    add(api, "k", "9-9", "9-10", "10-1")
    assert ids_of(api, "k") == ["9-9", "9-10", "10-1"]
    assert api.run("XRANGE", "k", "9-10", "10") == entries("9-10", "10-1")


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("words", STRICT_PLACES + BOUNDS)
def test_what_is_no_id_is_refused_everywhere(api: Api, words: tuple[str, ...], text: str) -> None:
    """ID-2"""
    add(api, "k", "1-0")
    assert api.refusal(*with_id(words, text)) == BADID


@pytest.mark.parametrize(("size", "status"), [(127, 200), (128, 400)])
def test_an_id_is_at_most_127_bytes_long(api: Api, size: int, status: int) -> None:
    """ID-2"""
    assert api.send("XADD", "k", "1-1".rjust(size, "0"), "f", "v").status == status


@pytest.mark.parametrize(
    ("text", "expected"),
    [("01-02", "1-2"), ("+3-0", "3-0"), ("7-+7", "7-7"), (" 3-0", "3-0"), ("1--01", f"1-{MAX}")],
)
def test_it_is_as_lenient_as_the_real_parser(api: Api, text: str, expected: str) -> None:
    """ID-3"""
    assert api.run("XADD", "k", text, "f", "v") == expected
    assert api.run("XDEL", "k", text) == 1


def test_a_missing_sequence_is_0_except_at_the_end_of_a_range(api: Api) -> None:
    """ID-4"""
    add(api, "k", "5", "5-1", "6-0")
    assert ids_of(api, "k") == ["5-0", "5-1", "6-0"]
    assert api.run("XRANGE", "k", "5", "5") == entries("5-0", "5-1")
    assert api.run("XREVRANGE", "k", "5", "5") == entries("5-1", "5-0")
    assert api.run("XREAD", "STREAMS", "k", "5") == {"k": entries("5-1", "6-0")}
    assert api.run("XTRIM", "k", "MINID", "5") == 0
    assert api.run("XDEL", "k", "5") == 1


@pytest.mark.parametrize("words", BOUNDS)
@pytest.mark.parametrize("text", ["-", "+"])
def test_bounds_may_be_the_ends_of_all_ids(api: Api, words: tuple[str, ...], text: str) -> None:
    """ID-5"""
    assert api.run(*with_id(words, text)) == []


@pytest.mark.parametrize("text", ["-", "+"])
@pytest.mark.parametrize("words", [place for place in STRICT_PLACES if place[0] != "XREAD"])
def test_they_are_none_anywhere_else(api: Api, words: tuple[str, ...], text: str) -> None:
    """ID-5"""
    add(api, "k", "1-0")
    assert api.refusal(*with_id(words, text)) == BADID


@pytest.mark.parametrize("text", ["*", "5-*"])
@pytest.mark.parametrize("words", STRICT_PLACES[1:] + BOUNDS)
def test_only_xadd_takes_an_id_left_to_the_server(
    api: Api, words: tuple[str, ...], text: str
) -> None:
    """ID-6"""
    add(api, "k", "1-0")
    assert api.refusal(*with_id(words, text)) == BADID


@pytest.mark.parametrize("text", ["$", ">"])
@pytest.mark.parametrize(
    "words", [place for place in STRICT_PLACES if place[0] != "XREAD"] + BOUNDS
)
def test_only_reads_take_the_ids_of_what_is_new(
    api: Api, words: tuple[str, ...], text: str
) -> None:
    """ID-7"""
    add(api, "k", "1-0")
    assert api.refusal(*with_id(words, text)) == BADID


@pytest.mark.parametrize("words", STRICT_PLACES)
def test_only_bounds_may_be_excluded(api: Api, words: tuple[str, ...]) -> None:
    """ID-8"""
    add(api, "k", "1-0")
    assert api.refusal(*with_id(words, "(1-0")) == BADID


@pytest.mark.parametrize("text", ["(", "(-", "(+", "((1", "(*", "($", "(abc", "(1-"])
@pytest.mark.parametrize("words", BOUNDS)
def test_an_excluded_bound_is_an_id(api: Api, words: tuple[str, ...], text: str) -> None:
    """ID-8"""
    assert api.refusal(*with_id(words, text)) == BADID


def test_an_excluded_bound_leaves_that_id_out(api: Api) -> None:
    """ID-8, ID-9, ID-11"""
    add(api, "k", "1-0", f"1-{MAX}", "2-0", "2-1")
    assert api.run("XRANGE", "k", "(1-0", "(2-1") == entries(f"1-{MAX}", "2-0")
    assert api.run("XRANGE", "k", f"(1-{MAX}", "+") == entries("2-0", "2-1")
    assert api.run("XRANGE", "k", "-", "(2-0") == entries("1-0", f"1-{MAX}")
    assert api.run("XREVRANGE", "k", "(2-1", "(1-0") == entries("2-0", f"1-{MAX}")


def test_nothing_is_beyond_the_last_and_the_first_id(api: Api) -> None:
    """ID-9"""
    top = f"({MAX}-{MAX}"
    for start_first in (("XRANGE", "k", top, "(0-0"), ("XREVRANGE", "k", "(0-0", top)):
        assert api.refusal(*start_first) == "ERR invalid start ID for the interval"
    for end in (("XRANGE", "k", "-", "(0-0"), ("XREVRANGE", "k", "(0-0", "-")):
        assert api.refusal(*end) == "ERR invalid end ID for the interval"


def test_an_id_is_completed_before_it_is_excluded(api: Api) -> None:
    """ID-10"""
    add(api, "k", "5-0", "5-1", f"5-{MAX}", "6-0")
    assert api.run("XRANGE", "k", "(5", "(6-0") == entries("5-1", f"5-{MAX}")
    assert api.run("XRANGE", "k", "-", "(5") == entries("5-0", "5-1")
    assert api.run("XRANGE", "k", "-", "(0") == []


def test_0_0_is_no_entrys_id(api: Api) -> None:
    """ID-12, XADD-5"""
    for text in ("0-0", "0", "00-0"):
        assert api.refusal("XADD", "k", text, "f", "v") == (
            "ERR The ID specified in XADD must be greater than 0-0"
        )
    assert not exists(api, "k")
