"""What the log tells of each request, and what it never tells."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.polling import eventually
from tests.raw_http import connected, head
from tests.servers import LivePlate, Server


@pytest.fixture(scope="module")
def plate(server: Server) -> Iterator[LivePlate]:
    made = server.new_plate()
    with made.http:
        yield made


class Log:
    """The request lines of a server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def of(self, plate: LivePlate, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send a request whose path begins at the root; its line."""
        request_id = f"request-{secrets.token_hex(6)}"
        headers = {"X-Request-Id": request_id, **options.pop("headers", {})}
        plate.http.request(method, path, headers=headers, **options)
        (line,) = eventually(lambda: self.lines(request_id))
        return line

    def lines(self, words: str) -> list[dict[str, Any]]:
        """The lines in which these words stand."""
        whole = self._server.output.rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if words in line]


@pytest.fixture
def log(server: Server) -> Log:
    return Log(server)


def test_a_plate_that_is_no_text_is_an_unknown_plate(log: Log, plate: LivePlate) -> None:
    line = log.of(plate, "GET", "/%ff/streams")
    assert (line["status"], line["plate"]) == (401, "\udcff")


def test_an_api_key_that_strayed_is_not_in_the_log(
    log: Log, plate: LivePlate, server: Server
) -> None:
    line = log.of(plate, "GET", f"/{plate.key}/streams")
    assert line["plate"] == plate.key[:16]
    plate.http.get(f"/{plate.name}/streams", headers={"X-Request-Id": plate.key})
    log.of(plate, "GET", "/healthz")
    assert plate.key not in server.output


def test_a_blocked_reader_whose_client_has_left_is_no_outage(
    log: Log, plate: LivePlate, server: Server
) -> None:
    body = b'{"streams":[{"key":"quiet"}],"block_ms":20000}'
    request_id = f"request-{secrets.token_hex(6)}"
    reading = head(
        plate, "POST", "/streams/read", Content_Length=len(body), X_Request_Id=request_id
    )
    with connected(server) as connection:
        connection.send(reading + body)
        assert not connection.has_answer(within_seconds=0.2)
    (line,) = eventually(lambda: log.lines(request_id))
    assert (line["status"], line["error"]) == (499, "client_left")


def test_it_tells_all_of_this(log: Log, plate: LivePlate) -> None:
    line = log.of(plate, "GET", f"/{plate.name}/streams/length/events?")
    assert line.pop("at")
    assert line.pop("duration_ms") > 0
    assert line.pop("request_id").startswith("request-")
    assert line == {
        "level": "info",
        "logger": "plates.request",
        "message": "request",
        "client": "127.0.0.1",
        "method": "GET",
        "route": "/{plate}/streams/length/{key}",
        "plate": plate.name,
        "api_key_prefix": plate.key[:16],
        "command": "XLEN",
        "commands": None,
        "commands_by_name": None,
        "status": 200,
        "error": None,
    }


TYPED = [
    ("POST", "/streams/add", "XADD"),
    ("GET", "/streams/length/{key}", "XLEN"),
    ("GET", "/streams/range/{key}", "XRANGE"),
    ("GET", "/streams/reverse/{key}", "XREVRANGE"),
    ("POST", "/streams/read", "XREAD"),
    ("POST", "/streams/trim", "XTRIM"),
    ("POST", "/streams/delete", "XDEL"),
    ("GET", "/streams/info/{key}", "XINFO"),
    ("POST", "/streams/groups/create", "XGROUP CREATE"),
    ("POST", "/streams/groups/read", "XREADGROUP"),
    ("POST", "/streams/groups/ack", "XACK"),
    ("GET", "/streams/groups/pending/{key}/{group}", "XPENDING"),
    ("POST", "/streams/groups/claim", "XCLAIM"),
    ("POST", "/streams/groups/autoclaim", "XAUTOCLAIM"),
    ("POST", "/pipeline", "PIPELINE"),
    ("POST", "/transaction", "TRANSACTION"),
    ("GET", "/streams", "SCAN"),
    ("DELETE", "/streams/{key}", "DEL"),
    ("POST", "/streams/command", None),
    ("POST", "/streams/{key}/command", None),
]


@pytest.mark.parametrize(("method", "route", "command"), TYPED)
@pytest.mark.parametrize("key", ["", "plt_nonsense"])
def test_a_request_that_is_refused_is_logged_with_its_command(
    log: Log, plate: LivePlate, method: str, route: str, command: str | None, key: str
) -> None:
    path = route.format(key="SECRET-STREAM", group="SECRET-GROUP")
    line = log.of(plate, method, f"/{plate.name}{path}", headers={"Authorization": key})
    code = "invalid_authorization" if key else "missing_authorization"
    assert (line["status"], line["error"], line["command"]) == (401, code, command)
    assert line["route"] == f"/{{plate}}{route}"
    assert line["api_key_prefix"] is None


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["XADD", "SECRET-STREAM"], "XADD"),
        (["xadd", "SECRET-STREAM"], "XADD"),
        (["XLEN", None], "XLEN"),
        (["XINFO", "STREAM"], "XINFO STREAM"),
        (["xinfo", "Consumers", "SECRET-STREAM", "g"], "XINFO CONSUMERS"),
        (["XINFO", "SECRET-WORD"], "XINFO"),
        (["XINFO"], "XINFO"),
        (["XGROUP", "SETID", "SECRET-STREAM", "g", "0"], "XGROUP SETID"),
        (["SECRET-WORD", "STREAM"], None),
        (["XINFO|STREAM", "SECRET-STREAM"], None),
    ],
)
def test_wrong_words_are_logged_with_their_command(
    log: Log, plate: LivePlate, words: list[Any], command: str | None
) -> None:
    body = {"command": words[0], "args": words[1:]}
    line = log.of(plate, "POST", f"/{plate.name}/streams/command", json=body)
    assert line["command"] == command
    assert line["error"] in ("invalid_command", "invalid_request", "unsupported_command",
                             "nogroup", "not_found")  # fmt: skip


def test_a_lack_of_scope_is_logged_with_its_command(
    server: Server, log: Log, plate: LivePlate
) -> None:
    done = server.manage("createkey", plate.name, "--scope", "read", "--json")
    key = json.loads(done.stdout)["api_key"]
    body = {"command": "XADD", "args": ["SECRET-STREAM", "*", "a", "b"]}
    line = log.of(
        plate, "POST", f"/{plate.name}/streams/command", json=body, headers={"Authorization": key}
    )
    assert (line["error"], line["command"]) == ("forbidden", "XADD")
    assert line["api_key_prefix"] == key[:16]


@pytest.mark.parametrize("command", ["pipeline", "transaction"])
def test_a_batch_is_logged_with_its_commands(log: Log, plate: LivePlate, command: str) -> None:
    path = f"/{plate.name}/{command}"
    batch = [["XLEN", "a"], ["XINFO", "GROUPS", "b"], ["xlen", "b"]]
    line = log.of(plate, "POST", path, json=batch)
    assert (line["command"], line["commands"]) == (command.upper(), 3)
    assert line["commands_by_name"] == {"XLEN": 2, "XINFO GROUPS": 1}
    line = log.of(plate, "POST", path, json=[["SECRET-WORD"]])
    assert (line["commands"], line["error"]) == (1, "unsupported_command")
    line = log.of(plate, "POST", path, content=b"nonsense")
    assert (line["commands"], line["error"]) == (None, "invalid_json")


def test_the_section_of_an_info_is_part_of_its_command(log: Log, plate: LivePlate) -> None:
    path = f"/{plate.name}/streams/info/SECRET-STREAM?section=groups"
    assert log.of(plate, "GET", path)["command"] == "XINFO GROUPS"


def test_a_ticket_is_logged_with_the_key_that_it_was_got_with(log: Log, plate: LivePlate) -> None:
    answer = plate.post("/streams/tickets", {"keys": ["SECRET-STREAM"]})
    ticket = answer.json()["data"]["result"]["ticket"]
    path = f"/{plate.name}/streams/tail/SECRET-STREAM?ticket={ticket}"
    line = log.of(plate, "HEAD", path, headers={"Authorization": ""})
    assert line["status"] == 200
    assert line["api_key_prefix"] == plate.key[:16]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/healthz", "/healthz"),
        ("/", "/"),
        ("/SECRET/WORD/x/y", None),
        ("/admin/login/?next=SECRET-WORD", "/admin/login/"),
    ],
)
def test_other_paths_have_their_line_too(
    log: Log, plate: LivePlate, path: str, route: str | None
) -> None:
    line = log.of(plate, "GET", path)
    assert (line["route"], line["plate"], line["command"]) == (route, None, None)


@pytest.mark.parametrize(
    "path", ["/SECRET-WORD/x", "/demo/streams/length/SECRET-STREAM/", "/admin/SECRET-WORD/"]
)
def test_there_is_one_line_for_each_request(log: Log, plate: LivePlate, path: str) -> None:
    before = len(log.lines('"logger":"plates.request"'))
    log.of(plate, "GET", path)
    log.of(plate, "GET", "/healthz", headers={"Host": "SECRET host"})
    log.of(plate, "POST", "/admin/login/", data={"username": "SECRET-WORD", "password": "x"})
    assert len(log.lines('"logger":"plates.request"')) == before + 3


@pytest.mark.parametrize("forwarded", ["203.0.113.7", "198.51.100.1, 203.0.113.7"])
def test_the_client_of_a_trusted_proxy_is_logged(
    log: Log, plate: LivePlate, forwarded: str
) -> None:
    line = log.of(plate, "GET", "/healthz", headers={"X-Forwarded-For": forwarded})
    assert line["client"] == "203.0.113.7"


def test_the_log_shows_no_names_no_payloads_and_no_keys(log: Log, plate: LivePlate) -> None:
    body = {"key": "SECRET-STREAM", "values": {"SECRET-FIELD": "SECRET-VALUE"}}
    assert log.of(plate, "POST", f"/{plate.name}/streams/add", json=body)["status"] == 200
    log.of(plate, "DELETE", f"/{plate.name}/streams/SECRET-STREAM")
    log.of(plate, "GET", f"/{plate.name}/streams?match=SECRET-*")
    assert not log.lines("SECRET")
    assert not log.lines(plate.key)
