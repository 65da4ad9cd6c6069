"""What HTTP itself asks for, over real connections."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.polling import eventually
from tests.raw_http import RawAnswer, connected, head
from tests.servers import LivePlate, RunServer, Server

LINE = b"GET /healthz HTTP/1.1\r\n"
NO_REQUESTS = [
    (b"GET /healthz?%s HTTP/1.1\r\n\r\n" % (b"x" * 9000), 414),
    (LINE + b"X-Long: " + b"x" * 9000 + b"\r\n\r\n", 431),
    (LINE + b"A: b\r\n" * 200 + b"\r\n", 431),
    (b"nonsense\r\n\r\n", 400),
    (LINE + b"no header\r\n\r\n", 400),
    (LINE + b"Content-Length: ten\r\n\r\n", 400),
    (b"GET /healthz HTTP/9.9\r\n\r\n", 400),
    (LINE + b"Expect: much\r\n\r\n", 417),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: wrapped\r\n\r\n", 501),
]


@pytest.fixture(scope="module")
def plate(server: Server) -> Iterator[LivePlate]:
    made = server.new_plate()
    with made.http:
        yield made


@pytest.fixture
def logged(server: Server) -> Callable[[], str]:
    """What the server has logged since the beginning of the test."""
    before = len(server.output)
    return lambda: server.output[before:]


def refused(server: Server, sent: bytes) -> RawAnswer:
    with connected(server) as connection:
        connection.send(sent)
        answer = connection.answer()
        assert connection.is_closed()
        return answer


@pytest.mark.parametrize(("sent", "status"), NO_REQUESTS)
def test_what_is_no_request_is_refused_in_the_same_form_as_others(
    server: Server, sent: bytes, status: int
) -> None:
    answer = refused(server, sent)
    assert (answer.status, answer.code) == (status, "invalid_request")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(("sent", "status"), NO_REQUESTS)
def test_what_is_no_request_has_a_line_in_the_log_that_shows_nothing_of_it(
    server: Server, logged: Callable[[], str], sent: bytes, status: int
) -> None:
    request_id = refused(server, sent).headers["x-request-id"]
    eventually(lambda: request_id in logged())
    (line,) = (line for line in logged().splitlines() if request_id in line)
    assert f'"status":{status}' in line
    assert '"client":"127.0.0.1"' in line
    for shown in ("nonsense", "xxxx", "no header", "ten", "much", "wrapped"):
        assert shown not in line


def test_what_is_no_request_does_not_take_the_answer_from_the_request_before_it(
    server: Server, plate: LivePlate
) -> None:
    body = b'{"key":"events","values":{"a":"1"}}'
    with connected(server) as connection:
        add = head(plate, "POST", "/streams/add", Content_Length=len(body)) + body
        connection.send(add + b"nonsense\r\n\r\n")
        assert connection.answer().status == 200
        assert connection.is_closed()


def test_requests_that_come_together_are_answered_in_order(
    server: Server, plate: LivePlate
) -> None:
    paths = ("/streams/length/events", "/no/such/path", "/streams", "/streams/length/others")
    with connected(server) as connection:
        connection.send(b"".join(head(plate, "GET", path) for path in paths))
        assert [connection.answer().status for _ in paths] == [200, 404, 200, 200]


def test_a_client_that_sends_no_more_gets_its_answer(server: Server, plate: LivePlate) -> None:
    with connected(server) as connection:
        connection.send(head(plate, "GET", "/streams/length/events")).end()
        assert connection.answer().status == 200
        assert connection.is_closed()


def test_an_upgrade_is_not_done_but_the_request_is(server: Server, plate: LivePlate) -> None:
    body = b'{"key":"upgraded","values":{"a":"1"}}'
    with connected(server) as connection:
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
        sent = head(plate, "POST", "/streams/add", Content_Length=len(body), **upgrade)
        connection.send(sent + body)
        assert connection.answer().status == 200
        assert connection.is_closed()
    assert plate.run("XLEN", "upgraded") == 1


def test_connections_above_the_bound_are_refused_and_there_is_room_again_afterwards(
    run_server: RunServer,
) -> None:
    with run_server(WEB_CONCURRENCY="1", WORKER_CONNECTIONS="3") as server, ExitStack() as stack:
        for _ in range(3):
            held = stack.enter_context(connected(server))
            eventually(lambda held=held: held.send(LINE + b"\r\n").answer().status == 200)  # type: ignore[misc]
        with connected(server) as connection:
            answer = connection.answer()
            assert (answer.status, answer.code) == (503, "unavailable")
            assert answer.headers["retry-after"] == "1"
            assert connection.is_closed()
        stack.close()
        eventually(lambda: _is_served(server))


def _is_served(server: Server) -> bool:
    with connected(server) as connection:
        return connection.send(LINE + b"\r\n").answer().status == 200


def test_head_answers_as_get_does_without_a_body_and_without_a_warning(
    server: Server, plate: LivePlate, logged: Callable[[], str]
) -> None:
    plate.post("/pipeline", [["XADD", "long", f"{n}-1", "a", "b"] for n in range(1, 1500)])
    paths = ("/streams/length/events", "/streams/range/long", "/streams", "/no/such/path")
    with connected(server) as connection:
        for path in paths:
            got = plate.request("GET", path)
            connection.send(head(plate, "HEAD", path))
            answer = connection.answer(has_body=False)
            assert answer.status == got.status_code
            assert answer.headers.get("content-length") == got.headers.get("content-length")
        last = f"last-{secrets.token_hex(4)}"
        connection.send(head(plate, "HEAD", "/streams/tail/long", X_Request_Id=last))
        assert connection.answer(has_body=False).status == 200
    eventually(lambda: last in logged())
    assert '"level":"warning"' not in logged()
