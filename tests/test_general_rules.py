"""What holds for every command (GEN), seen on those of streams without groups."""

import pytest

from tests.api import Api
from tests.builders import add, counters, entries, exists, ids_of
from tests.entry_ids import BADID

NOT_AN_INTEGER = "ERR value is not an integer or out of range"


def test_commands_and_options_match_in_any_case(api: Api) -> None:
    """GEN-1"""
    assert api.run("xAdd", "k", "nomkSTREAM", "1-0", "f", "v") is None
    assert api.run("xadd", "k", "maxlen", "=", "5", "1-0", "f", "v") == "1-0"
    assert api.run("xRange", "k", "-", "+", "count", "1") == entries("1-0")
    assert api.run("xread", "Count", "1", "streams", "k", "0") == {"k": entries("1-0")}
    assert api.run("xinfo", "Stream", "k")["length"] == 1
    assert api.run("xinfo", "STREAM", "k", "full", "Count", "1")["length"] == 1


def test_only_ascii_letters_have_another_case(api: Api) -> None:
    """GEN-1"""
    assert api.refusal("XADD", "k", "NOMKſTREAM", "*", "f", "v").startswith("ERR Invalid stream ID")


def test_keys_fields_and_values_keep_their_case(api: Api) -> None:
    """GEN-1"""
    api.run("XADD", "Key", "1-0", "Field", "Value", "field", "value")
    assert api.run("XLEN", "key") == 0
    assert api.run("XRANGE", "Key", "-", "+") == [["1-0", ["Field", "Value", "field", "value"]]]


@pytest.mark.parametrize("key", ["", " ", " k ", "a/b", "k\0", "k\n", "ключ", "🗝", "$", "*"])
def test_any_text_is_a_key(api: Api, key: str) -> None:
    """GEN-1"""
    api.run("XADD", key, "1-0", "f", "v")
    assert api.run("XREAD", "STREAMS", key, "0") == {key: entries("1-0")}
    assert api.run("XLEN", f"{key}.") == 0


@pytest.mark.parametrize("word", ["", " ", "\0", "a\0b", "\r\n", '"', "\\", "é", "🗝", "\x7f"])
def test_any_text_is_a_field_or_a_value(api: Api, word: str) -> None:
    """GEN-1, GEN-16"""
    api.run("XADD", "k", "1-0", word, word)
    assert api.run("XRANGE", "k", "-", "+") == [["1-0", [word, word]]]


@pytest.mark.parametrize(
    "words",
    [
        ("XADD", "k", "**", "f", "v"),
        ("XADD", "k", " *", "f", "v"),
        ("XREAD", "STREAMS", "k", "$$"),
        ("XREAD", "STREAMS", "k", "$ "),
        ("XREAD", "STREAMS", "k", ">>"),
        ("XREAD", "STREAMS", "k", "++"),
        ("XRANGE", "k", "--", "+"),
        ("XRANGE", "k", "-", "++"),
        ("XRANGE", "k", "-", "+ "),
    ],
)
def test_special_ids_are_one_character(api: Api, words: tuple[str, ...]) -> None:
    """GEN-2"""
    refusal = api.refusal(*words)
    assert refusal == BADID


def test_a_refusal_opens_with_its_code(api: Api) -> None:
    """GEN-3"""
    assert api.refusal("XLEN") == "ERR wrong number of arguments for 'xlen' command"


ARITY = [
    ("xadd", ("XADD", "k", "abc", "f")),
    ("xadd", ("XADD",)),
    ("xlen", ("XLEN",)),
    ("xlen", ("XLEN", "k", "k")),
    ("xrange", ("XRANGE", "k", "abc")),
    ("xrevrange", ("XREVRANGE", "k", "abc")),
    ("xread", ("XREAD", "STREAMS", "k")),
    ("xread", ("XREAD", "BLOCK", "x")),
    ("xtrim", ("XTRIM", "k", "MAXLEN")),
    ("xdel", ("XDEL", "k")),
    ("xsetid", ("XSETID", "k")),
    ("xinfo|stream", ("XINFO", "STREAM")),
    ("xinfo", ("XINFO",)),
]


@pytest.mark.parametrize(("name", "words"), ARITY)
def test_the_number_of_words_is_checked_before_all_else(
    api: Api, name: str, words: tuple[str, ...]
) -> None:
    """GEN-4, GEN-5, GEN-6, TRIM-7"""
    assert api.refusal(*words) == f"ERR wrong number of arguments for '{name}' command"
    lower = (words[0].lower(), *words[1:])
    assert api.refusal(*lower) == f"ERR wrong number of arguments for '{name}' command"


@pytest.mark.parametrize(
    "words",
    [
        ("XADD", "k", "1-0", "f", "v"),
        ("XRANGE", "k", "-", "+"),
        ("XREVRANGE", "k", "+", "-"),
        ("XREAD", "STREAMS", "k", "0"),
        ("XTRIM", "k", "MAXLEN", "1"),
        ("XDEL", "k", "1-0"),
        ("XLEN", "k"),
    ],
)
def test_the_least_number_of_words_is_enough(api: Api, words: tuple[str, ...]) -> None:
    """GEN-5"""
    assert api.send(*words).status == 200


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("nope", "nope"),
        ("STREAMS", "STREAMS"),
        ("", ""),
        ("a\r\nb", "a  b"),
        ("a\0b", "a"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "x" * 128),
    ],
)
def test_an_unknown_subcommand_is_repeated_as_typed(api: Api, word: str, shown: str) -> None:
    """GEN-6, GEN-10"""
    assert api.refusal("XINFO", word) == f"ERR unknown subcommand '{shown}'. Try XINFO HELP."


@pytest.mark.parametrize("typed", ["STREAM", "stream", "StReAm"])
def test_wrong_words_after_a_subcommand_repeat_it_as_typed(api: Api, typed: str) -> None:
    """GEN-7"""
    add(api, "k", "1-0")
    assert api.refusal("XINFO", typed, "k", "nope") == (
        f"ERR unknown subcommand or wrong number of arguments for '{typed}'. Try XINFO HELP."
    )


@pytest.mark.parametrize(
    "words",
    [
        ("XRANGE", "k", "-", "+", "LIMIT", "1"),
        ("XREAD", "FOO", "STREAMS", "k", "0"),
        ("XTRIM", "k", "FOO", "1"),
        ("XSETID", "k", "1-0", "FOO"),
    ],
)
def test_an_unknown_option_is_a_syntax_error(api: Api, words: tuple[str, ...]) -> None:
    """GEN-8"""
    assert api.refusal(*words) == "ERR syntax error"


@pytest.mark.parametrize(
    "word",
    ["", "+1", "01", "00", "-0", " 1", "1 ", "1.0", "1e3", "0x1", "one", "9223372036854775808"],
)
@pytest.mark.parametrize(
    "words",
    [
        ("XRANGE", "k", "-", "+", "COUNT"),
        ("XTRIM", "k", "MAXLEN"),
        ("XTRIM", "k", "MAXLEN", "~", "1", "LIMIT"),
        ("XSETID", "k", "9-0", "ENTRIESADDED"),
    ],
)
def test_integers_are_canonical_decimals_of_64_bits(
    api: Api, words: tuple[str, ...], word: str
) -> None:
    """GEN-9"""
    assert api.refusal(*words, word) == NOT_AN_INTEGER


def test_integers_reach_to_the_ends_of_64_bits(api: Api) -> None:
    """GEN-9"""
    add(api, "k", "1-0")
    assert api.run("XRANGE", "k", "-", "+", "COUNT", str(2**63 - 1)) == entries("1-0")
    assert api.run("XRANGE", "k", "-", "+", "COUNT", str(-(2**63))) is None
    assert api.run("XTRIM", "k", "MAXLEN", str(2**63 - 1)) == 0


@pytest.mark.parametrize(
    "words",
    [
        ("XADD", "k", "NOMKSTREAM", "1-0", "f", "v"),
        ("XLEN", "k"),
        ("XDEL", "k", "1-0"),
        ("XTRIM", "k", "MAXLEN", "0"),
        ("XRANGE", "k", "-", "+"),
        ("XREAD", "STREAMS", "k", "0"),
        ("XSETID", "k", "1-0"),
        ("XADD", "k", "0-0", "f", "v"),
        ("XADD", "k", "1-0", "f"),
    ],
)
def test_no_other_command_makes_a_stream(api: Api, words: tuple[str, ...]) -> None:
    """GEN-11, XADD-5"""
    api.send(*words)
    assert not exists(api, "k")


def test_an_emptied_stream_still_exists(api: Api) -> None:
    """GEN-11"""
    add(api, "k", "1-0", "2-0")
    api.run("XDEL", "k", "1-0", "2-0")
    assert counters(api, "k") == {
        "length": 0,
        "last": "2-0",
        "first": "0-0",
        "max_deleted": "2-0",
        "added": 2,
    }


def test_a_deleted_stream_leaves_nothing_behind(api: Api) -> None:
    """GEN-11, GEN-12, ST-1"""
    add(api, "k", "5-0", "6-0")
    api.run("XDEL", "k", "5-0")
    assert api.delete("/streams/k").result == 1
    assert not exists(api, "k")
    assert api.delete("/streams/k").result == 0
    add(api, "k", "1-0")
    assert ids_of(api, "k") == ["1-0"]
    assert counters(api, "k")["max_deleted"] == "0-0"


@pytest.mark.parametrize(
    "words",
    [
        ("XDEL", "k", "1-0", "abc"),
        ("XTRIM", "k", "MAXLEN", "0", "LIMIT", "1"),
        ("XADD", "k", "MAXLEN", "0", "1-0", "f", "v"),
        ("XADD", "k", "MAXLEN", "0", "9-0", "f"),
        ("XSETID", "k", "9-0", "MAXDELETEDID", "1-0", "ENTRIESADDED", "1"),
        ("XSETID", "k", "9-0", "ENTRIESADDED", "9", "MAXDELETEDID", "x"),
    ],
)
def test_what_is_refused_changes_nothing(api: Api, words: tuple[str, ...]) -> None:
    """GEN-13"""
    add(api, "k", "1-0", "2-0")
    before = api.run("XINFO", "STREAM", "k", "FULL")
    api.refusal(*words)
    assert api.run("XINFO", "STREAM", "k", "FULL") == before


def test_of_several_entries_all_are_added_or_none(api: Api) -> None:
    """GEN-13"""
    add(api, "k", "1-0")
    batch = [{"id": "2-0", "values": {"f": "v"}}, {"id": "2-0", "values": {"f": "v"}}]
    answer = api.post("/streams/add", {"key": "k", "entries": batch})
    assert (answer.status, answer.code) == (409, "id_conflict")
    assert ids_of(api, "k") == ["1-0"]
    assert counters(api, "k")["added"] == 1


def test_an_entry_keeps_the_order_and_repeats_of_its_fields(api: Api) -> None:
    """GEN-16"""
    fields = ["b", "1", "a", "2", "b", "1", "b", "3"]
    api.run("XADD", "k", "1-0", *fields)
    assert api.run("XRANGE", "k", "-", "+") == [["1-0", fields]]
    assert api.run("XREAD", "STREAMS", "k", "0") == {"k": [["1-0", fields]]}
    assert api.run("XINFO", "STREAM", "k")["first-entry"] == ["1-0", fields]


def test_ids_are_shown_canonically_however_they_were_spelled(api: Api) -> None:
    """GEN-17"""
    assert api.run("XADD", "k", "007", "f", "v") == "7-0"
    assert api.run("XADD", "k", "+7-007", "f", "v") == "7-7"
    assert ids_of(api, "k") == ["7-0", "7-7"]
    assert counters(api, "k")["last"] == "7-7"


def test_none_is_null_and_no_entries_are_an_empty_list(api: Api) -> None:
    """GEN-18"""
    assert api.run("XADD", "k", "NOMKSTREAM", "*", "f", "v") is None
    assert api.run("XREAD", "STREAMS", "k", "0") is None
    assert api.run("XRANGE", "k", "-", "+") == []


def test_reads_and_information_are_objects(api: Api) -> None:
    """GEN-19"""
    add(api, "k", "1-0")
    assert api.run("XREAD", "STREAMS", "k", "0") == {"k": entries("1-0")}
    assert isinstance(api.run("XINFO", "STREAM", "k"), dict)


def test_integers_are_exact_beyond_2_to_the_53(api: Api) -> None:
    """GEN-20"""
    add(api, "k", "1-0")
    api.run("XSETID", "k", "1-0", "ENTRIESADDED", str(2**53 + 1))
    assert counters(api, "k")["added"] == 2**53 + 1
    api.run("XSETID", "k", "1-0", "ENTRIESADDED", str(2**63 - 1))
    assert counters(api, "k")["added"] == 2**63 - 1


def test_a_counter_at_its_end_wraps_around(api: Api) -> None:
    """GEN-20, ST-3"""
    add(api, "k", "1-0", "2-0")
    api.run("XDEL", "k", "1-0")
    api.run("XSETID", "k", "2-0", "ENTRIESADDED", str(2**63 - 1))
    add(api, "k", "3-0")
    assert counters(api, "k")["added"] == -(2**63)
    assert ids_of(api, "k") == ["2-0", "3-0"]


def test_another_plate_sees_nothing(api: Api, other_api: Api) -> None:
    """Every command works on the streams of its own plate alone."""
    add(api, "k", "1-0")
    assert other_api.run("XLEN", "k") == 0
    assert other_api.run("XRANGE", "k", "-", "+") == []
    assert other_api.run("XREAD", "STREAMS", "k", "0") is None
    assert other_api.run("XDEL", "k", "1-0") == 0
    assert other_api.run("XTRIM", "k", "MAXLEN", "0") == 0
    assert not exists(other_api, "k")
    add(other_api, "k", "1-0")
    assert other_api.run("XTRIM", "k", "MAXLEN", "0") == 1
    assert ids_of(api, "k") == ["1-0"]
