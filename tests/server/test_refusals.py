"""What is no request, or breaks a limit: each has an answer in the API's envelope."""

import pytest

from plates_project.settings import REQUEST_LINE_BYTES
from tests.polling import eventually
from tests.raw_http import connected
from tests.server.running import AppServer, request

GET = b"GET /ok HTTP/1.1\r\n"
POST = b"POST /echo HTTP/1.1\r\n"


def line_of(length: int) -> bytes:
    """A request line of so many bytes."""
    return b"GET /ok?%s HTTP/1.1" % (b"x" * (length - len("GET /ok? HTTP/1.1")))


def field_of(length: int) -> bytes:
    """A header of so many bytes, with the end of its line."""
    return b"X: %s\r\n" % (b"x" * (length - len("X: \r\n")))


REFUSED = [
    (400, b"nonsense\r\n\r\n"),
    (400, b"\x16\x03\x01\x02\x00\x01\n\r\n\r\n"),
    (400, b"GET /ok\r\n\r\n"),
    (400, b"GET /ok HTTP/0.9\r\n\r\n"),
    (400, b"GET /ok HTTP/2.0\r\n\r\n"),
    (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (400, b"get /ok HTTP/1.1\r\n\r\n"),
    (400, b"GET ok HTTP/1.1\r\n\r\n"),
    (400, b"GET /\xff HTTP/1.1\r\n\r\n"),
    (400, b"GET /\x01 HTTP/1.1\r\n\r\n"),
    (400, b"CONNECT host:80 HTTP/1.1\r\n\r\n"),
    (400, b"GET /ok HTTP/1.1\n"),
    (400, GET + b"A: b\n"),
    (400, GET + b"A: b\nC: d\r\n\r\n"),
    (400, GET + b"A: b\r\n folded\r\n\r\n"),
    (400, GET + b"A : b\r\n\r\n"),
    (400, GET + b"A(: b\r\n\r\n"),
    (400, GET + b": b\r\n\r\n"),
    (400, GET + b"no colon\r\n\r\n"),
    (400, GET + b"A: \x00\r\n\r\n"),
    (400, GET + b"A: \x01\r\n\r\n"),
    (400, GET + b"A: \x7f\r\n\r\n"),
    (400, GET + b"A: b\rc\r\n\r\n"),
    (400, GET + b"Host: a\r\nHost: a\r\n\r\n"),
    (400, GET + b"Content-Type: a\r\nContent-Type: a\r\n\r\n"),
    (400, GET + b"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n\r\n"),
    (400, POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
    (400, POST + b"Content-Length: +1\r\n\r\n"),
    (400, POST + b"Content-Length: -1\r\n\r\n"),
    (400, POST + b"Content-Length: 1, 1\r\n\r\n"),
    (400, POST + b"Content-Length: 0x1\r\n\r\n"),
    (400, POST + b"Content-Length: \r\n\r\n"),
    (400, POST + b"Content-Length: 99999999999999999999\r\n\r\n"),
    (400, POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: gzip\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: identity\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n"),
    (400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (400, b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (501, POST + b"Transfer-Encoding: nonsense\r\n\r\n"),
    (501, POST + b"Transfer-Encoding: nonsense, chunked\r\n\r\n"),
    (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n"),
    (417, GET + b"Expect: nonsense\r\n\r\n"),
    (417, GET + b"Expect: 100-continue, nonsense\r\n\r\n"),
    (414, line_of(REQUEST_LINE_BYTES + 1) + b"\r\n\r\n"),
    (414, line_of(REQUEST_LINE_BYTES + 2)),
    (431, GET + field_of(8191) + b"\r\n"),
    (431, GET + b"A: b\r\n" * 101 + b"\r\n"),
    (431, GET + b"A: " + b"b" * 1_000_000),
]


@pytest.mark.parametrize(("status", "sent"), REFUSED)
def test_it_is_refused_and_the_connection_ends(server: AppServer, status: int, sent: bytes) -> None:
    with connected(server) as connection:
        answer = connection.send(sent).answer()
        assert (answer.status, answer.code) == (status, "invalid_request")
        assert answer.message
        assert answer.headers["connection"] == "close"
        assert answer.headers["content-type"] == "application/json"
        assert connection.is_closed()
    (line,) = eventually(lambda: server.lines(answer.headers["x-request-id"]))
    del line["at"]
    assert line == {
        "level": "info",
        "logger": "plates.request",
        "message": "no request",
        "request_id": answer.headers["x-request-id"],
        "client": "127.0.0.1",
        "error": "invalid_request",
        "status": status,
    }


@pytest.mark.parametrize(
    "sent",
    [
        line_of(REQUEST_LINE_BYTES) + b"\r\n\r\n",
        b"\r\n" + GET + b"\r\n",
        GET + field_of(8190) + b"\r\n",
        GET + b"A: b\r\n" * 100 + b"\r\n",
        GET + b"A: \xff \t\r\n\r\n",
        GET + b"A:\r\n\r\n",
        GET + b"Expect: 100-Continue\r\n\r\n",
        b"GET http://localhost/ok HTTP/1.1\r\n\r\n",
        b"GET /ok#fragment HTTP/1.1\r\n\r\n",
    ],
)
def test_it_is_accepted(server: AppServer, sent: bytes) -> None:
    with connected(server) as connection:
        for _ in range(2):
            assert connection.send(sent).answer().status == 200


def test_a_request_after_one_that_is_malformed_is_not_read(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/ok?1") + b"nonsense\r\n\r\n" + request("GET", "/ok?2"))
        assert connection.answer().body == b'"1"'
        assert connection.is_closed()


@pytest.mark.parametrize(
    "sent",
    [
        b"x\r\n",
        b"-1\r\n",
        b"0x1\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc\n",
        b"3\nabc",
        b"\r\n",
        b"5 \r\n",
        b"5;\x01=2\r\n",
        b"ffffffffffffffffff\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nA: " + b"b" * 200_000,
        b"1;" + b"a" * 200_000,
    ],
)
def test_malformed_chunks_end_the_body_and_the_connection(server: AppServer, sent: bytes) -> None:
    with connected(server) as connection:
        connection.send(request("POST", "/echo", "Transfer-Encoding: chunked") + sent)
        answer = connection.answer()
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()


def test_chunks_may_have_extensions_and_trailers(server: AppServer) -> None:
    chunks = b'2;a=b;c="d"\r\n\r\n\r\n3\r\nabc\r\n0;e\r\nTrailer: x\r\n\r\n'
    sent = request("POST", "/echo", "Transfer-Encoding: chunked") + chunks
    with connected(server) as connection:
        for _ in range(2):
            assert connection.send(sent + request("GET", "/ok")).answer().body == b'"\\r\\nabc"'
            assert connection.answer().body == b'""'
        # Byte by byte.
        for byte in sent:
            connection.send(bytes((byte,)))
        connection.send(request("GET", "/ok"))
        assert connection.answer().body == b'"\\r\\nabc"'
        assert connection.answer().body == b'""'


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", "/echo", "Transfer-Encoding: chunked") + b"x\r\n",
        request("POST", "/echo", "Content-Length: 9") + b"short",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_malformed_does_not_take_the_answer_from_a_request_before_it(
    server: AppServer, sent: bytes
) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/later?1") + request("GET", "/ok?2") + sent).end()
        assert connection.answer().body == b'"1"'
        assert connection.answer().body == b'"2"'
