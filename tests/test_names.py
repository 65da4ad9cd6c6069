"""Names of streams, groups and consumers: any Unicode text, decoded once, never changed."""

from urllib.parse import quote

import pytest

from tests.api import Api

pytestmark = pytest.mark.django_db

NAMES = [
    "events",
    "a/b",
    "/",
    "%",
    "%2F",
    "100%25",
    "a b",
    " ",
    "a+b",
    "ключ",
    "🎉",
    "nul\0inside",
    "line\nend",
    "..",
    "a?b#c",
    "a;b=c,d",
    "UPPER",
    "add",
    "read",
    "length",
    "command",
    "groups",
    "tail",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works_in_body_path_and_command(api: Api, name: str) -> None:
    segment = quote(name, safe="")
    added = api.post("/streams/add", {"key": name, "values": {"f": "v"}}).result
    assert api.get(f"/streams/length/{segment}").result == 1
    assert api.get(f"/streams/range/{segment}").result == [[added, ["f", "v"]]]
    assert api.run("XLEN", name) == 1
    assert api.post(f"/streams/{segment}/command", {"command": "XLEN"}).result == 1
    read = api.post("/streams/read", {"streams": [{"key": name, "id": "0"}]}).result
    assert read == {name: [[added, ["f", "v"]]]}
    assert [stream["key"] for stream in api.get("/streams").result["streams"]] == [name]
    assert api.delete(f"/streams/{segment}").result == 1


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works_for_groups_and_consumers(api: Api, name: str) -> None:
    body = {"key": "events", "group": name, "mkstream": True}
    assert api.post("/streams/groups/create", body).result == "OK"
    api.run("XADD", "events", "1-0", "f", "v")
    read = {"group": name, "consumer": name, "streams": [{"key": "events"}]}
    assert api.post("/streams/groups/read", read).result == {"events": [["1-0", ["f", "v"]]]}
    segment = quote(name, safe="")
    summary = api.get(f"/streams/groups/pending/events/{segment}").result
    assert summary == [1, "1-0", "1-0", [[name, "1"]]]
    listed = api.get(f"/streams/groups/pending/events/{segment}?consumer={segment}").result
    assert [(entry[0], entry[1]) for entry in listed] == [("1-0", name)]


def test_names_that_differ_in_case_or_space_are_different(api: Api) -> None:
    for name in ("a", "A", " a", "a "):
        api.run("XADD", name, "*", "f", "v")
    assert len(api.get("/streams").result["streams"]) == 4


@pytest.mark.parametrize("path", ["length/", "range/", "reverse/", "info/"])
def test_an_empty_name_in_the_path_is_refused(api: Api, path: str) -> None:
    answer = api.get(f"/streams/{path}")
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("segment", ["%FF", "%C3%28", "a%80"])
def test_a_name_that_is_not_utf8_is_refused(api: Api, segment: str) -> None:
    answer = api.get(f"/streams/length/{segment}")
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path",
    [
        "?match=%ff",
        "/info/k?section=consumers&group=%ff",
        "/groups/pending/k/g?consumer=c%c3",
        "/tail?key=%ed%a0%80",
        "/range/k?%ff=1",
    ],
)
def test_a_query_that_is_not_utf8_is_refused(api: Api, path: str) -> None:
    answer = api.get(f"/streams{path}")
    assert (answer.status, answer.code) == (400, "invalid_query")
    assert answer.message == "the query is not UTF-8"


def test_a_name_may_be_so_long_and_no_longer(api: Api) -> None:
    assert api.get(f"/streams/length/{'x' * 1024}").result == 0
    assert api.get(f"/streams/length/{'x' * 1025}").code == "invalid_request"
    assert api.get(f"/streams/length/{quote('é' * 512)}").result == 0
    assert api.get(f"/streams/length/{quote('é' * 513)}").code == "invalid_request"


def test_a_lone_space_counts_as_plus_in_bounds(api: Api) -> None:
    api.run("XADD", "events", "1-0", "f", "v")
    expected = [["1-0", ["f", "v"]]]
    assert api.get("/streams/range/events?start=-&end=+").result == expected
    assert api.get("/streams/range/events?start=-&end=%2B").result == expected
    assert api.get("/streams/reverse/events?start=+&end=-").result == expected


@pytest.mark.parametrize("words", [("XLEN", "x" * 1025), ("XADD", "x" * 5000, "*", "f", "v")])
def test_an_overlong_name_in_words_is_refused(api: Api, words: tuple[str, ...]) -> None:
    answer = api.send(*words)
    assert answer.status == 400
