"""Entry IDs as values: order, text forms, bounds (ID-1 to ID-12)."""

from itertools import pairwise

import pytest

from streams.domain.errors import InvalidCommand
from streams.domain.ids import (
    AUTO_ID,
    MAX_ID,
    MAX_PART,
    NO_ID,
    AddId,
    EntryId,
    parse_add_id,
    parse_id,
    parse_loose_id,
    parse_range_end,
    parse_range_start,
)
from tests.entry_ids import BADID, MAX, NEVER_AN_ID


def refusal(parse: object, text: str) -> str:
    assert callable(parse)
    with pytest.raises(InvalidCommand) as caught:
        parse(text)
    return caught.value.text


def test_ids_are_ordered_by_milliseconds_then_by_sequence() -> None:
    """ID-1"""
    ordered = [NO_ID, EntryId(0, 1), EntryId(1, 0), EntryId(9, 10), EntryId(10, 9), MAX_ID]
    assert all(low < high for low, high in pairwise(ordered))


def test_either_half_holds_64_bits() -> None:
    """ID-1"""
    assert parse_id(f"{MAX}-{MAX}") == MAX_ID == (2**64 - 1, 2**64 - 1)


@pytest.mark.parametrize("text", NEVER_AN_ID)
def test_what_is_no_id_is_refused(text: str) -> None:
    """ID-2, ID-5, ID-6, ID-7, ID-8"""
    assert refusal(parse_id, text) == BADID


@pytest.mark.parametrize(("size", "accepted"), [(127, True), (128, False)])
def test_a_text_is_at_most_127_bytes_long(size: int, accepted: bool) -> None:
    """ID-2"""
    text = "1-1".rjust(size, "0")
    if accepted:
        assert parse_id(text) == EntryId(1, 1)
    else:
        assert refusal(parse_id, text) == BADID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01-02", EntryId(1, 2)),
        ("+3-0", EntryId(3, 0)),
        ("7-+7", EntryId(7, 7)),
        (" 3-0", EntryId(3, 0)),
        ("\t3- 4", EntryId(3, 4)),
        ("1--01", EntryId(1, MAX_PART)),
        ("1- -1", EntryId(1, MAX_PART)),
        ("1-2\0 and more", EntryId(1, 2)),
    ],
)
def test_it_is_as_lenient_as_the_real_parser(text: str, expected: EntryId) -> None:
    """ID-3"""
    assert parse_id(text) == expected


def test_a_missing_sequence_is_0_or_what_the_place_says() -> None:
    """ID-4"""
    assert parse_id("5") == EntryId(5, 0)
    assert parse_id("5", missing_seq=MAX_PART) == EntryId(5, MAX_PART)
    assert parse_range_start("5") == EntryId(5, 0)
    assert parse_range_end("5") == EntryId(5, MAX_PART)


@pytest.mark.parametrize("parse", [parse_loose_id, parse_range_start, parse_range_end])
def test_minus_and_plus_are_the_ends_of_all_ids(parse: object) -> None:
    """ID-5"""
    assert callable(parse)
    assert (parse("-"), parse("+")) == (NO_ID, MAX_ID)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", AUTO_ID),
        ("5-*", AddId(5, None)),
        ("05-*", AddId(5, None)),
        ("5-1", AddId(5, 1)),
        ("5", AddId(5, 0)),
    ],
)
def test_an_id_to_add_may_be_left_to_the_server(text: str, expected: AddId) -> None:
    """ID-6"""
    assert parse_add_id(text) == expected


@pytest.mark.parametrize("text", ["**", "*-1", "*-*", "-*", "1-**", "1-*-", "a-*", "1--*", "$"])
def test_other_stars_are_refused(text: str) -> None:
    """ID-6, GEN-2"""
    assert refusal(parse_add_id, text) == BADID


@pytest.mark.parametrize("text", ["(", "(-", "(+", "((1", "(*", "($", "(1-*", "( ", "(abc"])
@pytest.mark.parametrize("parse", [parse_range_start, parse_range_end])
def test_a_parenthesis_must_be_followed_by_an_id(parse: object, text: str) -> None:
    """ID-8"""
    assert refusal(parse, text) == BADID


def test_an_excluded_bound_moves_by_one() -> None:
    """ID-9, ID-10"""
    assert parse_range_start("(5-3") == EntryId(5, 4)
    assert parse_range_start("(5") == EntryId(5, 1)
    assert parse_range_end("(5-3") == EntryId(5, 2)
    assert parse_range_end("(5") == EntryId(5, MAX_PART - 1)
    assert parse_range_end("(0") == EntryId(0, MAX_PART - 1)


def test_nothing_is_beyond_the_last_and_the_first_id() -> None:
    """ID-9"""
    assert refusal(parse_range_start, f"({MAX}-{MAX}") == "ERR invalid start ID for the interval"
    assert refusal(parse_range_end, "(0-0") == "ERR invalid end ID for the interval"


def test_steps_carry_and_borrow() -> None:
    """ID-11"""
    assert EntryId(5, 3).next() == EntryId(5, 4)
    assert EntryId(5, MAX_PART).next() == EntryId(6, 0)
    assert EntryId(5, 3).previous() == EntryId(5, 2)
    assert EntryId(5, 0).previous() == EntryId(4, MAX_PART)


def test_ids_are_printed_canonically() -> None:
    """GEN-17"""
    assert str(parse_id(" +007-0008")) == "7-8"


def test_0_0_stands_for_none() -> None:
    """ID-12"""
    assert str(NO_ID) == "0-0"
    assert parse_id("0") == NO_ID
