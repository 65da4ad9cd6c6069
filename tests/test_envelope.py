"""The envelope: every answer is JSON of one form, with an honest status and code."""

import gzip
from collections.abc import AsyncGenerator
from typing import Any, NoReturn

import psycopg
import pytest
from django.db import connection

from streams import wakeups
from streams.api import envelopes, health
from tests.api import Api, send
from tests.loop import run
from tests.polling import eventually

pytestmark = pytest.mark.django_db


def test_a_success_holds_its_result(api: Api) -> None:
    answer = api.get("/streams/length/none")
    assert answer.status == 200
    assert answer.body == {"ok": True, "data": {"result": 0}}
    assert answer.headers["Content-Type"] == "application/json"


def test_a_failure_holds_code_and_message(api: Api) -> None:
    answer = api.send("XINFO", "STREAM", "none")
    assert answer.status == 404
    assert answer.body == {
        "ok": False,
        "error": {"code": "not_found", "message": "ERR no such key"},
    }


def test_a_result_that_arrives_in_parts_has_the_same_envelope() -> None:
    lists: list[list[list[Any]]] = [[[1, 2], ["a"], [[]]], [[1]], []]
    for parts in lists:
        whole = envelopes.success({"result": [item for part in parts for item in part]})
        assert run(sent_in(parts)) == whole


async def sent_in(parts: list[list[Any]]) -> bytes:
    return b"".join([piece async for piece in envelopes.success_in_parts(one_by_one(parts))])


async def one_by_one(parts: list[list[Any]]) -> AsyncGenerator[list[Any], None]:
    for part in parts:
        yield part


def test_it_has_the_callers_request_id(api: Api) -> None:
    answer = api.request("GET", "/streams/length/none", headers={"x-request-id": "order-66.a:b_c"})
    assert answer.headers["X-Request-Id"] == "order-66.a:b_c"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "é", "<b>"])
def test_it_replaces_a_request_id_that_is_not_sane(api: Api, given: str) -> None:
    answer = api.request("GET", "/streams/length/none", headers={"x-request-id": given})
    assert answer.headers["X-Request-Id"] not in ("", given)


def test_text_is_not_escaped_for_html(api: Api) -> None:
    api.run("XADD", "events", "1-0", "f", "<é&>")
    answer = api.get("/streams/range/events")
    assert '["1-0",["f","<é&>"]]' in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    ["", "/", "/stream", "/streams/", "/streams/add/", "/streams/length", "/streams/a/b/c", "/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_unknown_paths_answer_json(api: Api, path: str, method: str) -> None:
    answer = api.request(method, path)
    assert answer.status in (404, 405)
    assert answer.code in ("not_found", "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/streams/length/k/", "/streams/", "/streams/add/", "/pipeline/", "/streams/k/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_trailing_slash_is_named(api: Api, method: str, path: str) -> None:
    answer = api.request(method, path)
    assert (answer.status, answer.code) == (404, "not_found")
    assert "no trailing slash" in answer.message


@pytest.mark.parametrize("path", ["/", "/x/", "/streams/a/b/c/", "/streams/length/k//"])
def test_a_path_that_is_none_without_its_slash_either_is_only_unknown(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.message) == (404, "no such route")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/streams/events", "no such route"),
        ("/streams/lenght", "no such route"),
        ("/streams/pipeline", "no such route: it is at /{plate}/pipeline"),
        ("/streams/transaction", "no such route: it is at /{plate}/transaction"),
    ],
)
def test_nobody_is_advised_to_delete(api: Api, method: str, path: str, message: str) -> None:
    answer = api.request(method, path)
    assert (answer.status, answer.message) == (404, message)
    assert "Allow" not in answer.headers


@pytest.mark.parametrize("key", ["pipeline", "transaction", "events"])
def test_a_stream_may_have_any_name_and_be_deleted(api: Api, key: str) -> None:
    api.run("XADD", key, "1-0", "a", "b")
    assert api.delete(f"/streams/{key}").result == 1


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/streams/add", "DELETE, POST"),
        ("PUT", "/streams/add", "DELETE, POST"),
        ("OPTIONS", "/streams/read", "DELETE, POST"),
        ("POST", "/streams/length/events", "GET, HEAD"),
        ("POST", "/streams", "GET, HEAD"),
        ("GET", "/pipeline", "POST"),
        ("PATCH", "/streams/groups/create", "POST"),
    ],
)
def test_the_answer_to_a_wrong_method_names_the_right_ones(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.request(method, path)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"nonsense", b'"text"', b"7", b"null", b"[]", b'{"key":"a"} trailing',
     b'{"key":"\xff"}', b'{"key":"\\ud800"}', b"{'key': 1}", b'{"a":NaN}'],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_invalid_json(api: Api, raw: bytes) -> None:
    answer = api.request("POST", "/streams/add", raw=raw)
    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize("raw", [b"{}", b'"text"', b"7"])
def test_a_batch_that_is_no_list_is_invalid_json(api: Api, raw: bytes) -> None:
    assert api.request("POST", "/pipeline", raw=raw).code == "invalid_json"


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"values": {"a": 1}}, "key"),
        ({"key": "", "values": {"a": 1}}, "key"),
        ({"key": 7, "values": {"a": 1}}, "key"),
        ({"key": None, "values": {"a": 1}}, "key"),
        ({"key": "a"}, "values"),
        ({"key": "a", "values": {}}, "values"),
        ({"key": "a", "values": "text"}, "values"),
        ({"key": "a", "values": [["a"]]}, "values"),
        ({"key": "a", "values": {"a": None}}, "values"),
        ({"key": "a", "values": {"a": 1}, "Id": "*"}, "Id"),
        ({"key": "a", "values": {"a": 1}, "id": 5}, "id"),
        ({"key": "a", "values": {"a": 1}, "nomkstream": "yes"}, "nomkstream"),
        ({"key": "a", "values": {"a": 1}, "entries": []}, "entries"),
        ({"key": "a", "entries": []}, "entries"),
        ({"key": "a", "entries": [{"id": "*"}]}, "entries"),
        ({"key": "a", "values": {"a": 1}, "trim": {"threshold": 5}}, "strategy"),
        ({"key": "a", "values": {"a": 1}, "trim": {"strategy": "x", "threshold": 5}}, "strategy"),
        ({"key": "a", "values": {"a": 1}, "trim": {"strategy": "maxlen"}}, "threshold"),
    ],
)
def test_a_wrong_member_is_named(api: Api, body: dict[str, Any], member: str) -> None:
    answer = api.post("/streams/add", body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert member in answer.message


@pytest.mark.parametrize(
    ("path", "raw", "place"),
    [
        ("/streams/add", b'{"key":"a","key":"b","values":{"x":1}}', "key"),
        ("/streams/add", b'{"key":"a","values":{"type":1,"b":2,"type":3}}', "values.type"),
        (
            "/streams/add",
            b'{"key":"a","entries":[{"values":{"a":1}},{"values":{"b":{"c":[{"d":1,"d":2}]}}}]}',
            "entries[1].values.b.c[0].d",
        ),
        ("/streams/command", b'{"command":"XLEN","args":[],"args":["a"]}', "args"),
        ("/pipeline", b'[["XLEN","a"],["XADD",{"b":1,"b":1}]]', "[1][1].b"),
    ],
)
def test_a_doubled_member_is_refused(api: Api, path: str, raw: bytes, place: str) -> None:
    answer = api.request("POST", path, raw=raw)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.message == f"{place} is given twice"


@pytest.mark.parametrize(
    "query",
    ["count=abc", "count=1.5", "count=%201", "count=1&count=2", "limit=5", "start=-&start=0"],
)
def test_a_wrong_parameter_is_an_invalid_query(api: Api, query: str) -> None:
    answer = api.get(f"/streams/range/events?{query}")
    assert (answer.status, answer.code) == (400, "invalid_query")
    assert query.partition("=")[0] in answer.message


@pytest.mark.parametrize("path", ["/streams/range/events", "/streams", "/streams/tail/events"])
def test_too_many_parameters_are_an_invalid_query(api: Api, path: str) -> None:
    answer = api.get(f"{path}?{'a=1&' * 1001}")
    assert (answer.status, answer.code) == (400, "invalid_query")
    assert "1000 parameters" in answer.message


@pytest.mark.parametrize(
    "query",
    [
        "section=all",
        "section=consumers",
        "group=g",
        "full=yes",
        "count=5",
        "section=groups&group=g",
    ],
)
def test_wrong_info_parameters_are_an_invalid_query(api: Api, query: str) -> None:
    assert api.get(f"/streams/info/events?{query}").code == "invalid_query"


@pytest.mark.parametrize("name", ["SET", "XNACK", "", "XINFO|STREAM", "EVAL", "XADD "])
def test_commands_outside_the_list_are_unsupported(api: Api, name: str) -> None:
    answer = api.send(name, "a")
    assert (answer.status, answer.code) == (400, "unsupported_command")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("XADD", "a"), 400, "invalid_command"),
        (("XRANGE", "a", "x", "+"), 400, "invalid_command"),
        (("XREAD", "BLOCK", "-1", "STREAMS", "a", "0"), 400, "invalid_command"),
        (("XSETID", "none", "1-0"), 404, "not_found"),
        (("XGROUP", "CREATE", "none", "g", "$"), 404, "not_found"),
        (("XPENDING", "none", "g"), 404, "nogroup"),
        (("XADD", "events", "1-0", "a", "b"), 409, "id_conflict"),
        (("XGROUP", "CREATE", "events", "g", "$"), 409, "busygroup"),
    ],
)
def test_redis_errors_have_honest_statuses(
    api: Api, words: tuple[str, ...], status: int, code: str
) -> None:
    api.run("XADD", "events", "1-0", "a", "b")
    api.run("XGROUP", "CREATE", "events", "g", "$")
    answer = api.send(*words)
    assert (answer.status, answer.code) == (status, code)


def test_the_message_is_redis_own_with_the_users_key_in_it(api: Api) -> None:
    answer = api.send("XREADGROUP", "GROUP", "g", "c", "STREAMS", "events", ">")
    assert answer.message == (
        "NOGROUP No such key 'events' or consumer group 'g' in XREADGROUP with GROUP option"
    )


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
def test_a_body_that_does_not_claim_to_be_json_is_refused(api: Api, content_type: str) -> None:
    body = {"key": "a", "values": {"b": 1}}
    answer = api.request("POST", "/streams/add", body, headers={"content-type": content_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "application/json; charset=utf-8", "application/vnd.api+json"],
)
def test_a_body_that_claims_to_be_json_is_taken(api: Api, content_type: str) -> None:
    body = {"key": "a", "values": {"b": 1}}
    answer = api.request("POST", "/streams/add", body, headers={"content-type": content_type})
    assert answer.status == 200


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_a_compressed_body_is_refused_by_the_name_of_its_header(api: Api, encoding: str) -> None:
    body = gzip.compress(b'{"key":"a","values":{"b":1}}')
    answer = api.request("POST", "/streams/add", raw=body, headers={"content-encoding": encoding})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert "Content-Encoding" in answer.message
    assert answer.headers["Accept-Encoding"] == "identity"


def test_the_answer_says_that_a_body_is_not_utf8(api: Api) -> None:
    answer = api.request("POST", "/streams/add", raw=b'{"key":"\xff"}')
    assert (answer.status, answer.code) == (400, "invalid_json")
    assert answer.message == "the body is not UTF-8"


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_a_body_that_says_that_it_is_not_compressed_is_taken(api: Api, encoding: str) -> None:
    body = {"key": "a", "values": {"b": 1}}
    answer = api.request("POST", "/streams/add", body, headers={"content-encoding": encoding})
    assert answer.status == 200


class TestTheOrderOfChecks:
    def test_the_route_comes_before_the_method(self, api: Api) -> None:
        assert api.request("PUT", "/nothing/here").code == "not_found"

    def test_the_method_comes_before_the_authorization(self, api: Api) -> None:
        assert Api(api.plate, "").request("PUT", "/pipeline").code == "method_not_allowed"

    def test_the_authorization_comes_before_the_media_type(self, api: Api) -> None:
        headers = {"authorization": "", "content-type": "text/plain"}
        answer = api.request("POST", "/streams/add", raw=b"x", headers=headers)
        assert answer.code == "missing_authorization"

    def test_the_media_type_comes_before_json(self, api: Api) -> None:
        headers = {"content-type": "text/plain"}
        answer = api.request("POST", "/streams/add", raw=b"x", headers=headers)
        assert answer.code == "unsupported_media_type"

    def test_json_comes_before_members(self, api: Api) -> None:
        assert api.request("POST", "/streams/add", raw=b"{").code == "invalid_json"

    def test_members_come_before_the_rules_of_the_command(self, api: Api) -> None:
        answer = api.post("/streams/add", {"key": "", "values": {"a": 1}, "id": "0-0"})
        assert answer.code == "invalid_request"


def test_an_unknown_host_is_refused_in_json(api: Api, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["plates.example"]
    answer = api.get("/streams/length/none")
    assert answer.status == 400


def connections_lent() -> int:
    """How many connections of Django's pool are in use, in whichever thread."""
    connection.ensure_connection()
    statistics = connection.pool.get_stats()  # type: ignore[attr-defined]
    return int(statistics["pool_size"] - statistics["pool_available"])


class TestAroundTheApi:
    def test_the_index_names_the_service(self) -> None:
        answer = send("GET", "/").body
        assert answer["service"] == "plates"
        assert answer["links"]["health"] == "/healthz"

    def test_healthz_touches_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def ask(*_: Any, **__: Any) -> NoReturn:
            raise AssertionError("it asked the database")

        for kind in (psycopg.Cursor, psycopg.AsyncCursor):
            monkeypatch.setattr(kind, "execute", ask)
        assert send("GET", "/healthz").status == 200

    def test_readyz_is_true_once_everything_works(self) -> None:
        eventually(lambda: send("GET", "/readyz").status == 200)

    def test_readyz_keeps_no_connection_of_the_console(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health, "_migrated", False)
        send("GET", "/readyz")
        # The test itself has one.
        eventually(lambda: connections_lent() == 1)

    def test_readyz_names_what_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def does_not_listen() -> bool:
            return False

        monkeypatch.setattr(wakeups, "is_listening", does_not_listen)
        answer = send("GET", "/readyz")
        assert answer.status == 503
        message = "not ready: the wake-up listener does not work"
        error = {"code": "unavailable", "message": message}
        assert answer.body == {"ok": False, "error": error}
        assert answer.headers["Retry-After"] == "1"

    @pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
    def test_they_only_allow_looking(self, path: str) -> None:
        assert send("POST", path).status == 405


def test_strict_transport_can_be_switched_off(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 0
    headers = send("GET", "/healthz", is_secure=True).headers
    assert "Strict-Transport-Security" not in headers
    settings.SECURE_HSTS_SECONDS = 60
    headers = send("GET", "/healthz", is_secure=True).headers
    assert headers["Strict-Transport-Security"] == "max-age=60"
