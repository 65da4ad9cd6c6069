"""Messages about a wrong member or parameter: they use our words, and name the wrong one."""

from collections.abc import Iterator
from inspect import isabstract
from typing import Any

import pytest
from django.http import QueryDict

from streams.api import shapes, urls
from streams.api.json import loads
from streams.domain.errors import InvalidCommand, InvalidQuery, InvalidRequest
from tests.api import Api

FOREIGN_WORDS = ["Input", "Extra", "Field", "Value error", " valid", "instance", "dictionary"]

SAMPLES = {
    "command": "XLEN",
    "consumer": "c",
    "group": "g",
    "ids": ["1-0"],
    "key": "k",
    "keys": ["k"],
    "strategy": "maxlen",
    "streams": [{"key": "k"}],
    "threshold": 1,
    "values": {"f": "v"},
}
"""A good value of each member that some shape requires."""

VALUES = [
    "null", "true", "7", "-0", "1.0", "1.5", "1e400", "9223372036854775808", "9" * 5000, '"text"',
    '""', "[]", "[null]", "[7]", "[[]]", "{}", '{"a":1}', '[{"key":7}]', '[{"key":"k","a":1}]',
    '[{"values":1,"id":2}]', '{"strategy":1}', '{"strategy":"maxlen"}',
    '{"strategy":"maxlen","threshold":null}', '{"strategy":"maxlen","threshold":1,"limit":1.0}',
]  # fmt: skip


def all_shapes(kind: type[shapes.Shape] = shapes.Shape) -> Iterator[type[shapes.Shape]]:
    """All there are, as far as the routes know them."""
    assert urls.urlpatterns
    for shape in kind.__subclasses__():
        if not isabstract(shape):
            yield shape
        yield from all_shapes(shape)


def of_bodies() -> list[type[shapes.Shape]]:
    return [shape for shape in all_shapes() if not issubclass(shape, shapes.QueryShape)]


def of_queries() -> list[type[shapes.QueryShape]]:
    return [
        shape for shape in all_shapes(shapes.QueryShape) if issubclass(shape, shapes.QueryShape)
    ]


def required(shape: type[shapes.Shape]) -> dict[str, Any]:
    """The members without which it is refused."""
    return {
        name: SAMPLES[name] for name, field in shape.model_fields.items() if field.is_required()
    }


def refusal(shape: type[shapes.Shape], body: dict[str, Any]) -> str | None:
    try:
        shapes.from_body(shape, body)
    except InvalidRequest as raised:
        return raised.text
    return None


def query_refusal(shape: type[shapes.QueryShape], query: str) -> str | None:
    try:
        shapes.from_query(shape, QueryDict(query), {})
    except (InvalidQuery, InvalidCommand) as raised:
        return raised.text
    return None


def names(message: str, member: str) -> bool:
    """Whether it begins with the member, or with what is inside of it, and says more."""
    return message.startswith((f"{member} ", f"{member}[", f"{member}.", "unknown member"))


@pytest.mark.parametrize("shape", of_bodies())
@pytest.mark.parametrize("text", VALUES)
def test_each_wrong_member_is_reported_in_our_words(shape: type[shapes.Shape], text: str) -> None:
    for member in shape.model_fields:
        message = refusal(shape, {**required(shape), member: loads(text.encode())})
        if message is not None:
            assert names(message, member)
            assert not any(word in message for word in FOREIGN_WORDS), message


@pytest.mark.parametrize("shape", of_bodies())
def test_each_missing_and_each_unknown_member_is_named(shape: type[shapes.Shape]) -> None:
    assert refusal(shape, required(shape)) is None
    for member in required(shape):
        others = {name: value for name, value in required(shape).items() if name != member}
        assert refusal(shape, others) == f"{member} is required"
    assert refusal(shape, {**required(shape), "Key": 1}) == "unknown member 'Key'"


@pytest.mark.parametrize("shape", of_queries())
@pytest.mark.parametrize("text", ["", "x", "1.5", "01", "-1", "9223372036854775808", "true"])
def test_each_wrong_parameter_is_reported_in_our_words(
    shape: type[shapes.QueryShape], text: str
) -> None:
    for name in [*shape.model_fields, "unknown"]:
        message = query_refusal(shape, f"{name}={text}")
        if message is not None:
            assert name in message
            assert not any(word in message for word in FOREIGN_WORDS), message


WRONG_BODIES = [
    ("/streams/add", '{"values": {"a": 1}}', "key is required"),
    ("/streams/add", '{"key": 7, "values": {"a": 1}}', "key must be a string"),
    ("/streams/add", '{"key": "k", "vlaues": {}}', "unknown member 'vlaues'"),
    ("/streams/add", '{"kye": "k", "values": {"a": 1}}', "unknown member 'kye'"),
    ("/streams/add", '{"key": "k", "va\\nl": {}}', "unknown member 'va\\nl'"),
    ("/streams/add", '{"key": "k", "nomkstream": 1}', "nomkstream must be true or false"),
    ("/streams/add", '{"key": "k", "entries": {}}', "entries must be a list"),
    ("/streams/add", '{"key": "k", "entries": [{}]}', "entries[0].values is required"),
    ("/streams/add", '{"key": "k", "trim": 5}', "trim must be an object"),
    ("/streams/add", '{"key": "k", "trim": {"threshold": 5}}', "trim.strategy is required"),
    (
        "/streams/add",
        '{"key": "k", "values": {"a": 1}, "trim": {"strategy": "x", "threshold": 5}}',
        "trim.strategy must be maxlen or minid",
    ),
    (
        "/streams/add",
        '{"key": "k", "trim": {"strategy": "maxlen", "threshold": 1.0}}',
        "trim.threshold must be a string or an integer",
    ),
    (
        "/streams/add",
        '{"key": "k", "trim": {"strategy": "maxlen", "threshold": 1, "x": 2}}',
        "unknown member 'trim.x'",
    ),
    ("/streams/trim", '{"key": "k", "strategy": "x", "threshold": 5}',
     "strategy must be maxlen or minid"),
    ("/streams/read", '{"streams": {}}', "streams must be a list"),
    ("/streams/read", '{"streams": ["k"]}', "streams[0] must be an object"),
    ("/streams/read", '{"streams": [{"key": "k"}, {"key": 1}]}', "streams[1].key must be a string"),
    ("/streams/read", '{"streams": [], "count": "5"}', "count must be an integer"),
    ("/streams/read", '{"streams": [], "count": 5.0}', "count must be an integer"),
    ("/streams/read", '{"streams": [], "count": true}', "count must be an integer"),
    ("/streams/read", '{"streams": [], "block_ms": 1e400}', "block_ms must be an integer"),
    (
        "/streams/read",
        f'{{"streams": [], "count": {"9" * 5000}}}',
        "count must be between -9223372036854775808 and 9223372036854775807",
    ),
    (
        "/streams/read",
        '{"streams": [], "count": 9223372036854775808}',
        "count must be between -9223372036854775808 and 9223372036854775807",
    ),
    ("/streams/delete", '{"key": "k", "ids": ["1-0", 2]}', "ids[1] must be a string"),
    ("/streams/command", '{"command": "XLEN", "args": "k"}', "args must be a list"),
    ("/streams/command", '{"args": []}', "command is required"),
    ("/streams/tickets", '{"keys": [null]}', "keys[0] must be a string"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "body", "message"), WRONG_BODIES)
def test_the_answer_says_what_is_wrong_with_a_body(
    api: Api, path: str, body: str, message: str
) -> None:
    answer = api.request("POST", path, raw=body.encode())
    assert (answer.status, answer.code, answer.message) == (400, "invalid_request", message)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/streams/range/k?limit=5", "unknown parameter 'limit'"),
        ("/streams/range/k?li%0amit=5", "unknown parameter 'li\\nmit'"),
        ("/streams/range/k?count=1.5", "count must be an integer"),
        ("/streams/range/k?count=", "count must be an integer"),
        ("/streams/range/k?count=1&count=2", "count is given twice"),
        (
            "/streams/range/k?count=9223372036854775808",
            "count must be between -9223372036854775808 and 9223372036854775807",
        ),
        ("/streams/length/k?count=1", "unknown parameter 'count'"),
        ("/streams/info/k?section=all", "section must be stream, groups or consumers"),
        ("/streams/info/k?full=yes", "full must be true or false"),
        ("/streams/info/k?section=consumers&group=", "group must not be empty"),
        ("/streams/groups/pending/k/g?consumer=", "consumer must not be empty"),
        ("/streams/groups/pending/k/g?min_idle_ms=x", "min_idle_ms must be an integer"),
        ("/streams?count=0", "count must be between 1 and 1000"),
        ("/streams?count=1001", "count must be between 1 and 1000"),
        ("/streams?count=x", "count must be an integer"),
        ("/streams?cursor=x", "cursor must be one that a page gave"),
        ("/streams?cursor=%C3%A9", "cursor must be one that a page gave"),
        ("/streams?Match=x", "unknown parameter 'Match'"),
        ("/streams?match=a&match=b", "match is given twice"),
        ("/streams/tail/k?form=0", "unknown parameter 'form'"),
    ],
)
def test_the_answer_says_what_is_wrong_with_a_query(api: Api, path: str, message: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.code, answer.message) == (400, "invalid_query", message)


@pytest.mark.django_db
def test_what_a_message_repeats_is_short_and_on_one_line(api: Api) -> None:
    name = "x" * 60 + "\0\r\n\u2028\u202e" * 10_000
    for answer in (
        api.post("/streams/add", {"key": "k", name: 1}),
        api.post("/streams/add", {"key": "k", "values": {name: None}}),
        api.get("/streams/range/k", **{"count": 1, "limit" * 1000: 2}),
    ):
        assert answer.status == 400
        assert len(answer.message) < 150
        assert answer.message.isprintable()
