"""Names that are refused: each typed endpoint tells which of its members has one."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api import Answer, Api

pytestmark = pytest.mark.django_db

LONG = "x" * 1025
TOO_LONG = "may be at most 1024 bytes long"

CLAIM = {"key": "k", "group": "g", "consumer": "c"}
READ = {"group": "g", "consumer": "c", "streams": [{"key": "k"}, {"key": "l"}]}

IN_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("/add", {"key": "k", "values": {"a": 1}}, "key"),
    ("/read", {"streams": [{"key": "k"}, {"key": "l"}]}, "streams[1].key"),
    ("/trim", {"key": "k", "strategy": "maxlen", "threshold": 1}, "key"),
    ("/delete", {"key": "k", "ids": ["1-1"]}, "key"),
    ("/tickets", {"keys": ["k", "l"]}, "keys[1]"),
    ("/groups/create", {"key": "k", "group": "g"}, "key"),
    ("/groups/create", {"key": "k", "group": "g"}, "group"),
    ("/groups/read", READ, "group"),
    ("/groups/read", READ, "consumer"),
    ("/groups/read", READ, "streams[1].key"),
    ("/groups/ack", {"key": "k", "group": "g", "ids": ["1-1"]}, "key"),
    ("/groups/ack", {"key": "k", "group": "g", "ids": ["1-1"]}, "group"),
    *(("/groups/claim", {**CLAIM, "ids": ["1-1"]}, member) for member in CLAIM),
    *(("/groups/autoclaim", CLAIM, member) for member in CLAIM),
]
"""Bodies in which all is well, and the member that gets a wrong name."""

IN_URLS = [
    *(
        ("GET", f"/{name}/NAME", "key", "invalid_request")
        for name in ("length", "range", "reverse")
    ),
    ("GET", "/info/NAME", "key", "invalid_request"),
    ("GET", "/info/k?section=consumers&group=NAME", "group", "invalid_query"),
    ("GET", "/groups/pending/NAME/g", "key", "invalid_request"),
    ("GET", "/groups/pending/k/NAME", "group", "invalid_request"),
    ("GET", "/groups/pending/k/g?consumer=NAME", "consumer", "invalid_query"),
    ("GET", "/tail/NAME", "key", "invalid_request"),
    ("GET", "/tail?key=k&key=NAME", "key", "invalid_request"),
    ("DELETE", "/NAME", "key", "invalid_request"),
    ("POST", "/NAME/command", "key", "invalid_request"),
]


def with_name(body: dict[str, Any], member: str, name: str) -> dict[str, Any]:
    """The body with another name for that member."""
    match member:
        case "streams[1].key":
            return {**body, "streams": [body["streams"][0], {"key": name}]}
        case "keys[1]":
            return {**body, "keys": [body["keys"][0], name]}
        case _:
            return {**body, member: name}


def ask(api: Api, method: str, path: str, segment: str) -> Answer:
    """Send the request with that in the place of the name."""
    body = {"command": "XLEN"} if method == "POST" else None
    return api.request(method, "/streams" + path.replace("NAME", segment), body)


@pytest.mark.parametrize(("name", "problem"), [("", "must not be empty"), (LONG, TOO_LONG)])
@pytest.mark.parametrize(("path", "body", "member"), IN_BODIES)
def test_a_body_s_wrong_name_is_told_with_its_member(
    api: Api, path: str, body: dict[str, Any], member: str, name: str, problem: str
) -> None:
    answer = api.post(f"/streams{path}", with_name(body, member, name))
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.message == f"{member} {problem}"


@pytest.mark.parametrize("segment", [LONG, quote("é" * 513)])
@pytest.mark.parametrize(("method", "path", "member", "code"), IN_URLS)
def test_an_overlong_name_in_a_url_is_told_with_its_member(
    api: Api, method: str, path: str, member: str, code: str, segment: str
) -> None:
    answer = ask(api, method, path, segment)
    assert (answer.status, answer.code) == (400, code)
    assert answer.message == f"{member} {TOO_LONG}"


# Without their names, the others are the paths of something else.
@pytest.mark.parametrize(
    ("method", "path", "member", "code"), [one for one in IN_URLS if one[0] == "GET"]
)
def test_an_empty_name_in_a_url_is_told_with_its_member(
    api: Api, method: str, path: str, member: str, code: str
) -> None:
    answer = ask(api, method, path, "")
    assert (answer.status, answer.code) == (400, code)
    assert answer.message == f"{member} must not be empty"


@pytest.mark.parametrize(
    ("method", "path", "member", "code"), [one for one in IN_URLS if "?" not in one[1]]
)
def test_a_name_in_a_path_that_is_not_utf8_is_told_with_its_member(
    api: Api, method: str, path: str, member: str, code: str
) -> None:
    answer = ask(api, method, path, "a%80")
    assert (answer.status, answer.code) == (400, code)
    assert answer.message == f"{member} is not UTF-8"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["XADD", LONG, "*", "f", "v"], "key"),
        (["XREAD", "STREAMS", "k", LONG, "0", "0"], "key"),
        (["XREADGROUP", "GROUP", LONG, "c", "STREAMS", "k", ">"], "group"),
        (["XREADGROUP", "GROUP", "g", LONG, "STREAMS", "k", ">"], "consumer"),
        (["XPENDING", "k", "g", "-", "+", "1", LONG], "consumer"),
        (["XINFO", "CONSUMERS", "k", LONG], "group"),
    ],
)
def test_words_with_an_overlong_name_tell_what_it_names(
    api: Api, words: list[str], kind: str
) -> None:
    answer = api.send(*words)
    assert (answer.status, answer.code) == (400, "invalid_command")
    assert answer.message == f"ERR {kind} {TOO_LONG}"


def test_in_words_a_name_may_be_empty(api: Api) -> None:
    assert api.run("XADD", "", "1-0", "f", "v") == "1-0"
    assert api.run("XGROUP", "CREATE", "", "", "0") == "OK"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/delete", {"key": "", "ids": ["abc"], "x": 1}, "unknown member 'x'"),
        ("/delete", {"key": ""}, "ids is required"),
        ("/add", {"key": "", "nomkstream": 1}, "nomkstream must be true or false"),
        ("/delete", {"key": "", "ids": []}, "key must not be empty"),
        ("/trim", {"key": "", "strategy": "no", "threshold": 1}, "key must not be empty"),
        ("/groups/create", {"key": "", "group": LONG}, "key must not be empty"),
        ("/groups/claim", {**CLAIM, "consumer": "", "ids": []}, "consumer must not be empty"),
        ("/groups/read", {**READ, "group": "", "streams": []}, "group must not be empty"),
        (
            "/groups/read",
            {**READ, "streams": [{"key": ""}], "count": "1"},
            "count must be an integer",
        ),
    ],
)
def test_of_two_mistakes_types_are_told_before_names_and_names_before_meanings(
    api: Api, path: str, body: dict[str, Any], message: str
) -> None:
    answer = api.post(f"/streams{path}", body)
    assert (answer.status, answer.code, answer.message) == (400, "invalid_request", message)


def test_of_two_streams_the_first_that_is_wrong_is_told(api: Api) -> None:
    streams = [{"key": "k", "id": "abc"}, {"key": ""}]
    assert api.post("/streams/read", {"streams": streams}).message.endswith("(streams[0].id='abc')")
    assert api.post("/streams/read", {"streams": streams[::-1]}).message == (
        "streams[0].key must not be empty"
    )


def test_what_a_group_goes_with_is_told_before_its_name(api: Api) -> None:
    answer = api.get("/streams/info/k?section=groups&group=")
    assert answer.message == "group goes with section=consumers, and only with it"
