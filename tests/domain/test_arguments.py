"""Words of commands: keywords, integers, and what refusals repeat of them."""

import pytest

from streams.domain.arguments import MAX_INTEGER, MIN_INTEGER, Arguments, keyword, parse_integer
from streams.domain.errors import InvalidCommand, echo

NOT_INTEGERS = [
    "",
    "+1",
    "01",
    "00",
    "-0",
    "-01",
    "--1",
    " 1",
    "1 ",
    "1\n",
    "1\0",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    "٣",
    "one",
    "-",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999",
]


@pytest.mark.parametrize("word", NOT_INTEGERS)
def test_only_canonical_integers_are_integers(word: str) -> None:
    """GEN-9"""
    with pytest.raises(InvalidCommand) as caught:
        parse_integer(word)
    assert caught.value.text == "ERR value is not an integer or out of range"


@pytest.mark.parametrize("value", [0, 1, -1, 10, MAX_INTEGER, MIN_INTEGER])
def test_integers_have_64_bits_and_a_sign(value: int) -> None:
    """GEN-9"""
    assert parse_integer(str(value)) == value


def test_an_option_may_word_its_own_refusal() -> None:
    """XREAD-6"""
    with pytest.raises(InvalidCommand) as caught:
        Arguments(["x"]).take_integer("ERR timeout is not an integer or out of range")
    assert caught.value.text == "ERR timeout is not an integer or out of range"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("maxLen", "MAXLEN"), ("~", "~"), ("", ""), ("lımıt", "lımıt"), ("ſ", "ſ")],
)
def test_only_ascii_letters_have_another_case(word: str, expected: str) -> None:
    """GEN-1"""
    assert keyword(word) == expected


def test_a_keyword_is_one_only_with_the_words_that_belong_to_it() -> None:
    """TRIM-1, XREAD-2"""
    arguments = Arguments(["count", "5"])
    assert arguments.take_keyword("COUNT", followed_by=2) is None
    assert arguments.take_keyword("LIMIT") is None
    assert arguments.left == 2
    assert arguments.take_keyword("COUNT", followed_by=1) == "COUNT"
    assert arguments.take_rest() == ["5"]


def test_a_missing_word_is_a_syntax_error() -> None:
    """GEN-8"""
    with pytest.raises(InvalidCommand) as caught:
        Arguments([]).take()
    assert caught.value.text == "ERR syntax error"


@pytest.mark.parametrize(
    ("text", "shown"), [("a\0b", "a"), ("\0", ""), ("a\r\nb", "a  b"), ("a\tb'", "a\tb'")]
)
def test_a_refusal_repeats_words_on_one_line_up_to_a_nul(text: str, shown: str) -> None:
    """GEN-10"""
    assert echo(text) == shown
