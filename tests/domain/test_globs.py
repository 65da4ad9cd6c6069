"""Glob patterns match as Redis' do, and in bounded time whatever they are."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["", "a", "a\nb"], []),
        ("a*", ["a", "ab", "a*"], ["", "ba"]),
        ("*a", ["a", "ba", "aa"], ["ab", ""]),
        ("a*a", ["aa", "aba", "aaa"], ["a", "ab"]),
        ("*ab*ab", ["abab", "abxab", "xababab"], ["ab", "aba"]),
        ("a**b", ["ab", "axb"], ["a"]),
        ("?", ["a", "é"], ["", "ab"]),
        ("*?b", ["ab", "bb"], ["b"]),
        ("[ab]*", ["a", "bx"], ["c", ""]),
        ("[^ab]", ["c"], ["a", "b", ""]),
        ("[c-a]", ["b"], ["d"]),
        ("[ab", ["a", "b"], ["["]),
        ("[]", [], ["", "["]),
        (r"\*", ["*"], ["a", r"\*"]),
        (r"[\]]", ["]"], ["\\"]),
        ("[^]", ["a", "^"], [""]),
        ("[]a]", [], ["]", "a", "a]"]),
        # As a live Redis has it: this range ends with the bracket, and the set with the pattern.
        ("[a-]x", ["]", "^", "a", "x"], ["b", "-", "ax"]),
        ("[a-]]", ["]", "a"], ["-", "a]"]),
        ("[\\", ["\\"], ["[", ""]),
        ("", [""], ["a"]),
    ],
)
def test_it_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    glob = Glob(pattern)
    assert [key for key in [*matching, *others] if glob.matches(key)] == matching


SHORT = st.text(alphabet="ab", max_size=8)


@settings(deadline=None)
@given(pattern=st.text(alphabet="ab*?", max_size=10), key=SHORT)
def test_taking_each_part_where_it_comes_first_loses_no_match(pattern: str, key: str) -> None:
    every_way = pattern.replace("*", ".*").replace("?", ".")
    assert Glob(pattern).matches(key) == bool(re.fullmatch(every_way, key))


@pytest.mark.parametrize(
    "pattern", ["*" * 30 + "\0", "*a" * 30 + "\0", "*" + "?a" * 250 + "\0", "a*" * 4000 + "\0"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    # With backtracking this would not return before the sun goes out.
    assert not Glob(pattern).matches("a" * 1000)
