"""JSON values as the texts that a stream keeps."""

from typing import Any

import pytest

from tests.api import Api

pytestmark = pytest.mark.django_db


def stored(api: Api, values: Any) -> list[str]:
    added = api.post("/streams/add", {"key": "values", "values": values}).result
    ((entry_id, fields),) = api.run("XRANGE", "values", added, added)
    assert entry_id == added
    return list(fields)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        ("nul\0", "nul\0"),
        ('é🎉\r\n\t"\\', 'é🎉\r\n\t"\\'),
        (0, "0"),
        (-7, "-7"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"),
        (2**64 - 1, "18446744073709551615"),
        (1.5, "1.5"),
        (1.0, "1.0"),
        (-0.25, "-0.25"),
        (True, "true"),
        (False, "false"),
        ({"b": 1, "a": [1, "x"]}, '{"b":1,"a":[1,"x"]}'),
        ([], "[]"),
        ([None, {"a": None}], '[null,{"a":null}]'),
    ],
)
def test_a_value_is_kept_as_its_text(api: Api, value: Any, text: str) -> None:
    assert stored(api, {"f": value}) == ["f", text]


NUMBERS = ["12345678901234567890123", "12.50", "1E5", "-0", "1e400", "0.1000", "9" * 5000]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("form", ["%s", '{"b": [%s, "%s"], "a": { }}', "[[%s], 1]"])
def test_a_number_is_kept_as_it_was_written(api: Api, number: str, form: str) -> None:
    value = form.replace("%s", number)
    body = f'{{"key": "values", "id": "1-0", "values": {{"f": {value}, "g": "h"}}}}'
    assert api.request("POST", "/streams/add", raw=body.encode()).result == "1-0"
    fields = ["f", value.replace(" ", ""), "g", "h"]
    assert api.run("XRANGE", "values", "-", "+") == [["1-0", fields]]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_in_pairs_and_words_is_kept_as_it_was_written(api: Api, number: str) -> None:
    pairs = f'{{"key": "a", "values": [[{number}, {number}]]}}'
    args = f'{{"command": "XADD", "args": ["a", "*", {number}, {number}]}}'
    batch = f'[["XADD", "a", "*", {number}, {number}]]'
    requests = {
        "/streams/add": pairs,
        "/streams/command": args,
        "/pipeline": batch,
        "/transaction": batch,
    }
    for path, body in requests.items():
        assert api.request("POST", path, raw=body.encode()).status == 200
    added = api.run("XRANGE", "a", "-", "+")
    assert [fields for _, fields in added] == [[number, number]] * len(requests)


def test_members_keep_their_order(api: Api) -> None:
    assert stored(api, {"z": 1, "a": 2, "m": 3}) == ["z", "1", "a", "2", "m", "3"]


def test_pairs_may_repeat_a_field(api: Api) -> None:
    assert stored(api, [["a", 1], ["b", 2], ["a", 3]]) == ["a", "1", "b", "2", "a", "3"]


@pytest.mark.parametrize("values", [{"f": None}, [["f", None]], [[None, "v"]], [[{}, "v"]]])
def test_null_is_refused(api: Api, values: Any) -> None:
    answer = api.post("/streams/add", {"key": "values", "values": values})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert api.run("XLEN", "values") == 0


@pytest.mark.parametrize(("arg", "text"), [(5, "5"), (True, "true"), (2.5, "2.5"), ("x", "x")])
def test_the_words_of_a_command_may_be_any_plain_value(api: Api, arg: Any, text: str) -> None:
    api.run("XADD", "values", "1-0", "f", arg)
    assert api.run("XRANGE", "values", "-", "+") == [["1-0", ["f", text]]]


@pytest.mark.parametrize("arg", [None, {}, [], ["x"], {"a": 1}])
def test_the_words_of_a_command_may_be_nothing_else(api: Api, arg: Any) -> None:
    answer = api.send("XADD", "values", "*", "f", arg)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "args[3]" in answer.message
