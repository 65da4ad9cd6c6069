"""Bodies as they are read: every number as it was written, nothing doubled, not too deep."""

import json
import re
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from streams.api.json import (
    MAX_NESTING,
    DuplicateMember,
    InvalidJson,
    TooDeeplyNested,
    loads,
    rewritten,
)
from streams.api.values import fields_of, words_of

AS_WRITTEN = [
    "12345678901234567890123",
    "-12345678901234567890123",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "12.50",
    "0.1000",
    "1.0",
    "1E5",
    "1e+05",
    "-0",
    "-0.0",
    "1e400",
    "-1e400",
    "1e-400",
    "9" * 5000,
    f"0.{'1' * 5000}",
    "290" * 100 + "e20",
]


@pytest.mark.parametrize("number", AS_WRITTEN)
@pytest.mark.parametrize("context", ["%s", " %s ", "[%s]", "[1,%s]", "[ %s\n]", '{"a":%s}'])
def test_a_number_stays_as_it_was_written(number: str, context: str) -> None:
    text = context.replace("%s", number)
    assert rewritten(loads(text.encode())) == re.sub(r"\s", "", text)


@pytest.mark.parametrize("text", ['"1e400"', '["-0", "1.50"]', '{"1e400":"12.50 "}', '"é-0 "'])
def test_a_text_that_looks_like_a_number_is_a_text(text: str) -> None:
    assert loads(text.encode()) == json.loads(text)


def test_other_values_are_as_python_knows_them() -> None:
    text = b'{"a": [1, -7, "x:y", true, false, null, {}], "b": 18446744073709551615}'
    assert loads(text) == json.loads(text)


INVALID = [
    "", " ", "{", "[1,]", "nonsense", "NaN", "[NaN]", "Infinity", "[-Infinity]", "[1.5,NaN]",
    "01", "[-01]", "+1", "1.", ".5", "1e", "--1", "[1e400,--1]", "[1e5e5]", "[1e400 1]",
    "[1e400,01e400]", "[1e400e400]", "[-1e400-1e400]", "{1e400:1}", "[1e400", '"1e400', "1e400x",
    '[1e400,"\\ud800"]', '[1.5,"\\ud800"]', '["\t"]', "\ufeff{}", "'a'",
]  # fmt: skip


@pytest.mark.parametrize("text", INVALID)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidJson):
        loads(text.encode())


def test_what_is_not_utf8_is_refused() -> None:
    for text in (b'"\xff"', b'[1e400,"\xff"]', b'"\xed\xa0\x80"'):
        with pytest.raises(InvalidJson):
            loads(text)


def test_a_fault_behind_an_outsized_number_is_reported_with_its_place() -> None:
    with pytest.raises(InvalidJson, match=r"column 9 \(char 8\)"):
        loads(b"[1e400, x]")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a":1,"a":2}', "a"),
        ('{"a":1,"\\u0061":2}', "a"),
        ('{"values":{"type":1,"type":2}}', "values.type"),
        ('{"entries":[{},{},{"values":{"a":{"b":1,"b":1}}}]}', "entries[2].values.a.b"),
        ('[["XADD"],[{"a":1,"a":2}]]', "[1][0].a"),
        ('{"a":{"b":1,"b":2},"a":{}}', "a.b"),
        ('{"a":1.5,"b":[{"c:d":1e400,"c:d":"x:y"}]}', "b[0].c:d"),
        ('{"a":%s,"b":{"c":1,"c":1}}' % ("9" * 5000), "b.c"),
        ('{"line\\nend":1,"line\\nend":2}', "line\\nend"),
        ('{"":1,"":2}', ""),
    ],
)
def test_a_doubled_member_is_reported_with_its_place(text: str, place: str) -> None:
    with pytest.raises(DuplicateMember) as raised:
        loads(text.encode())
    assert str(raised.value) == place


def test_a_doubled_member_is_not_reported_at_any_length() -> None:
    member = f'"{"x" * 10_000}":1'
    with pytest.raises(DuplicateMember) as raised:
        loads(f"{{{member},{member}}}".encode())
    assert len(str(raised.value)) < 100
    opening = f'{{"{"y" * 100}":' * 100
    with pytest.raises(DuplicateMember) as raised:
        loads(f'{opening}{{"a":1,"a":2}}{"}" * 100}'.encode())
    assert len(str(raised.value)) < 300
    assert str(raised.value).endswith(".a")


NESTINGS = [("[", "", "]"), ('{"a":', "1", "}"), ('[{"a":', "1.50", "}]"), ("[1,", "-0", "]")]


def nested(parts: tuple[str, str, str], levels: int) -> bytes:
    opening, inside, closing = parts
    depth = levels // sum(opening.count(mark) for mark in "[{")
    return f"{opening * depth}{inside}{closing * depth}".encode()


@pytest.mark.parametrize("parts", NESTINGS)
def test_it_reads_so_many_levels_and_no_more(parts: tuple[str, str, str]) -> None:
    deepest = nested(parts, MAX_NESTING)
    assert rewritten(loads(deepest)) == deepest.decode()
    for levels in (MAX_NESTING + 2, 255, 512, 1022, 1024, 1026, 100_000):
        with pytest.raises(TooDeeplyNested):
            loads(nested(parts, levels))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '["[[",' * 1_000, "[1e400," * 500]
)
def test_levels_without_an_end_are_too_many_as_well(text: str) -> None:
    with pytest.raises(TooDeeplyNested):
        loads(text.encode())


@pytest.mark.parametrize("levels", [MAX_NESTING, 255, 900, 1022])
def test_levels_of_a_doubled_member_count_as_well(levels: int) -> None:
    with pytest.raises(TooDeeplyNested):
        loads(b'{"a":%s,"a":1}' % nested(("[", "", "]"), levels))


def test_brackets_in_a_text_are_no_levels() -> None:
    text = orjson.dumps({"a": "[{" * 1_000, "b": '"[' * 1_000})
    assert loads(text) == json.loads(text)
    with pytest.raises(InvalidJson):
        loads(text + b"x")


class Written(NamedTuple):
    """A JSON text, and the same without white space between its tokens."""

    text: str
    compact: str


SPACE = st.sampled_from(["", "", " ", "\n\t "])
NUMBER = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    fullmatch=True,
    alphabet="-+.eE0123456789",
)
NAME = st.text(st.characters(codec="utf-8"), max_size=5)
PLAIN = st.one_of(
    NUMBER,
    st.sampled_from(["true", "false", "null"]),
    NAME.map(lambda name: orjson.dumps(name).decode()),
).map(lambda text: Written(text, text))


def _list(parts: list[Written], space: str) -> Written:
    text = f",{space}".join(part.text for part in parts)
    return Written(f"[{space}{text}{space}]", f"[{','.join(part.compact for part in parts)}]")


def _object(members: dict[str, Written], space: str) -> Written:
    names = {name: orjson.dumps(name).decode() for name in members}
    text = f"{space},".join(f"{names[n]}{space}:{space}{m.text}" for n, m in members.items())
    compact = ",".join(f"{names[n]}:{m.compact}" for n, m in members.items())
    return Written(f"{{{space}{text}}}", f"{{{compact}}}")


def _containers(parts: SearchStrategy[Written]) -> SearchStrategy[Written]:
    return st.one_of(
        st.builds(_list, st.lists(parts, max_size=4), SPACE),
        st.builds(_object, st.dictionaries(NAME, parts, max_size=4), SPACE),
    )


VALUE = st.recursive(PLAIN, _containers, max_leaves=20)


@settings(deadline=None)
@given(VALUE)
def test_any_value_is_read_and_written_as_it_was(written: Written) -> None:
    assert rewritten(loads(written.text.encode())) == written.compact


@settings(deadline=None)
@given(st.dictionaries(NAME, VALUE.filter(lambda written: written.compact != "null"), min_size=1))
def test_any_field_is_kept_as_its_text(members: dict[str, Written]) -> None:
    body = _object({"values": _object(members, " ")}, "")
    flat = fields_of(loads(body.text.encode())["values"], "values")
    assert flat[::2] == list(members)
    for kept, member in zip(flat[1::2], members.values(), strict=True):
        is_text = member.compact.startswith('"')
        assert kept == (orjson.loads(member.compact) if is_text else member.compact)


@settings(deadline=None)
@given(st.lists(NUMBER))
def test_any_number_is_a_word_as_it_was_written(numbers: list[str]) -> None:
    assert words_of(loads(f"[{','.join(numbers)}]".encode()), "args") == numbers
