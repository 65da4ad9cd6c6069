"""What a trim asks for: the options that XADD and XTRIM share (TRIM-1 to TRIM-10, TRIM-18)."""

import pytest

from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand
from streams.domain.ids import EntryId
from streams.domain.trimming import Threshold, TrimOptions
from tests.entry_ids import BADID

NOT_AN_INTEGER = "ERR value is not an integer or out of range"
TWICE = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
NO_STRATEGY = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
NOT_APPROXIMATE = "ERR syntax error, LIMIT cannot be used without the special ~ option"


def read(text: str, *, required: bool = True) -> Threshold | None:
    """The trim that the words spell, to the last of them."""
    arguments = Arguments(text.split())
    options = TrimOptions()
    while options.take(arguments):
        pass
    assert not arguments.left
    return options.required_threshold() if required else options.threshold()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MAXLEN 5", Threshold(max_length=5)),
        ("maxlen = 0", Threshold(max_length=0)),
        ("MAXLEN ~ 5", Threshold(max_length=5, approximate=True, limit=10_000)),
        ("MAXLEN ~ 5 LIMIT 0", Threshold(max_length=5, approximate=True, limit=0)),
        ("LIMIT 9 LIMIT 7 MAXLEN ~ 5", Threshold(max_length=5, approximate=True, limit=7)),
        ("MINID 3", Threshold(min_id=EntryId(3, 0))),
        ("MinId = 3-1", Threshold(min_id=EntryId(3, 1))),
        ("MINID ~ 3 limit 2", Threshold(min_id=EntryId(3, 0), approximate=True, limit=2)),
    ],
)
def test_a_strategy_with_its_operator_threshold_and_limit(text: str, expected: Threshold) -> None:
    """TRIM-1, TRIM-2, TRIM-3, TRIM-5, TRIM-18"""
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("MAXLEN ~", NOT_AN_INTEGER),
        ("MAXLEN =", NOT_AN_INTEGER),
        ("MINID ~", BADID),
        ("MINID =", BADID),
        ("MAXLEN ~ = 5", NOT_AN_INTEGER),
        ("MAXLEN ~ ~ 5", NOT_AN_INTEGER),
        ("MAXLEN = ~ 5", NOT_AN_INTEGER),
        ("MAXLEN ~5", NOT_AN_INTEGER),
        ("MAXLEN 1.5", NOT_AN_INTEGER),
        ("MAXLEN -1", "ERR The MAXLEN argument must be >= 0."),
        ("MINID -", BADID),
        ("MINID +", BADID),
        ("MINID (3", BADID),
        ("MINID 3-*", BADID),
        ("MAXLEN 1 MAXLEN 1", TWICE),
        ("MINID 1 MINID 1", TWICE),
        ("MAXLEN 1 MINID x", TWICE),
        ("MAXLEN ~ 1 LIMIT x", NOT_AN_INTEGER),
        ("LIMIT -1", "ERR The LIMIT argument must be >= 0."),
        ("LIMIT 1", NO_STRATEGY),
        ("LIMIT 0", "ERR syntax error, XTRIM must be called with a trimming strategy"),
        ("MAXLEN 1 LIMIT 0", NOT_APPROXIMATE),
        ("MINID = 1 LIMIT 5", NOT_APPROXIMATE),
    ],
)
def test_it_refuses_other_spellings(text: str, refusal: str) -> None:
    """TRIM-1 to TRIM-5, TRIM-8, TRIM-9, TRIM-10"""
    with pytest.raises(InvalidCommand) as caught:
        read(text)
    assert caught.value.text == refusal


def test_xadd_needs_no_strategy_unless_there_is_a_limit() -> None:
    """TRIM-8, TRIM-10"""
    assert read("", required=False) is None
    with pytest.raises(InvalidCommand) as caught:
        read("LIMIT 0", required=False)
    assert caught.value.text == NOT_APPROXIMATE


@pytest.mark.parametrize(
    ("trim", "expected"),
    [
        (Threshold(max_length=3), False),
        (Threshold(max_length=2), True),
        (Threshold(min_id=EntryId(5, 0)), False),
        (Threshold(min_id=EntryId(5, 1)), True),
    ],
)
def test_it_knows_when_there_is_nothing_to_do(trim: Threshold, expected: bool) -> None:
    """TRIM-13"""
    assert trim.may_remove(3, EntryId(5, 0)) is expected
    assert not trim.may_remove(0, EntryId(0, 0))
