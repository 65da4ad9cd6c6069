"""How connections end, and when they are kept."""

import socket

import pytest

from tests.polling import eventually
from tests.raw_http import connected
from tests.server.running import AppServer, request

CHUNKED = "Transfer-Encoding: chunked"


def test_a_connection_is_kept_as_its_client_wants(server: AppServer) -> None:
    for version, wanted, kept in (
        ("1.1", (), None),
        ("1.1", ("Connection: close",), "close"),
        ("1.1", ("Connection: Close",), "close"),
        ("1.0", (), "close"),
        ("1.0", ("Connection: keep-alive",), "close"),
    ):
        with connected(server) as connection:
            connection.send(request("GET", "/ok", *wanted, version=version))
            assert connection.answer().headers.get("connection") == kept
            if kept == "close":
                assert connection.is_closed()
            else:
                assert connection.send(request("GET", "/ok")).answer().status == 200


def test_the_application_may_end_it(server: AppServer) -> None:
    with connected(server) as connection:
        answer = connection.send(request("GET", "/close")).answer()
        assert (answer.body, answer.headers["connection"]) == (b"ok", "close")
        assert connection.is_closed()


def test_answers_without_a_body_are_followed_by_the_next(server: AppServer) -> None:
    with connected(server) as connection:
        for _ in range(2):
            connection.send(request("GET", "/no-content"))
            answer = connection.answer(has_body=False)
            assert answer.status == 204
            assert "transfer-encoding" not in answer.headers
            connection.send(request("HEAD", "/large"))
            answer = connection.answer(has_body=False)
            assert answer.headers["content-length"] == "1000000"


def test_every_answer_has_a_date(server: AppServer) -> None:
    with connected(server) as connection:
        answer = connection.send(request("GET", "/ok")).answer()
        assert answer.headers["date"].endswith(" GMT")


def test_http_1_0_has_no_chunks(server: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request("GET", "/parts", "Connection: keep-alive", version="1.0"))
        with connection.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"connection: close" in head
    assert body == b"onetwothree"


class TestASmallBodyThatNobodyReads:
    def test_is_discarded(self, server: AppServer) -> None:
        body = request("GET", "/smuggled")
        with connected(server) as connection:
            connection.send(request("POST", "/ok?1", f"Content-Length: {len(body)}"))
            connection.send(body + request("GET", "/ok?2"))
            assert connection.answer().body == b'"1"'
            assert connection.answer().body == b'"2"'

    def test_is_discarded_if_it_comes_after_the_answer(self, server: AppServer) -> None:
        with connected(server) as connection:
            connection.send(request("POST", "/ok?1", "Content-Length: 65536"))
            assert connection.answer().body == b'"1"'
            connection.send(b"x" * 65536 + request("GET", "/ok?2"))
            assert connection.answer().body == b'"2"'


def test_a_client_that_waits_to_send_its_body_is_told_to(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("POST", "/echo", "Expect: 100-continue", "Content-Length: 3"))
        assert connection.answer(has_body=False).status == 100
        assert connection.send(b"abc").answer().body == b'"abc"'


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", "/echo", "Content-Length: 9") + b"short",
        request("POST", "/echo", "Content-Length: 9"),
        request("POST", "/echo", CHUNKED) + b"3\r\nabc\r\n",
        request("POST", "/echo", CHUNKED) + b"3\r\nabc\r\n0\r\n",
    ],
)
def test_a_body_that_is_cut_short_is_refused(server: AppServer, sent: bytes) -> None:
    with connected(server) as connection:
        connection.send(sent).end()
        answer = connection.answer()
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert connection.is_closed()


def test_a_client_that_sends_no_more_gets_its_answers(server: AppServer) -> None:
    with connected(server) as connection:
        whole = request("POST", "/echo", "Content-Length: 3") + b"abc"
        connection.send(whole + request("GET", "/ok")).end()
        assert connection.answer().body == b'"abc"'
        assert connection.answer().body == b'""'
        assert connection.is_closed()


@pytest.mark.parametrize(("path", "words"), [("/wait", '"left"'), ("/departure", '"departed"')])
def test_an_application_that_waits_hears_that_its_client_left(
    server: AppServer, path: str, words: str
) -> None:
    told = len(server.lines(words))
    with connected(server) as connection:
        connection.send(request("GET", path)).end()
        eventually(lambda: len(server.lines(words)) == told + 1)
    with connected(server) as connection:
        connection.send(request("GET", path))
    eventually(lambda: len(server.lines(words)) == told + 2)
    with connected(server) as connection:
        # The requests before it are answered first.
        connection.send(request("GET", "/ok") * 3 + request("GET", path)).end()
        eventually(lambda: len(server.lines(words)) == told + 3)
    with connected(server) as connection:
        connection.send(request("GET", path) + b"unread").reset()
    eventually(lambda: len(server.lines(words)) == told + 4)
