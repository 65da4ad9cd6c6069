"""Clients that send or read too slowly, or not at all. The bounds on time are a second."""

import socket
import time
from contextlib import suppress

import pytest

from tests.polling import eventually
from tests.raw_http import RawConnection, connected
from tests.server.running import AppServer, request

MORE_THAN_THE_SYSTEM_BUFFERS = 20_000_000


def dribble(connection: RawConnection, byte: bytes) -> float:
    """Send the byte every now and then until the connection ends; how many seconds that took."""
    began = time.monotonic()
    while not connection.has_answer(within_seconds=0.05):
        connection.send(byte)
        assert time.monotonic() < began + 10
    return time.monotonic() - began


def test_a_silent_connection_is_closed(impatient: AppServer) -> None:
    with connected(impatient) as connection:
        assert connection.is_closed()


def test_an_idle_connection_is_closed(impatient: AppServer) -> None:
    with connected(impatient) as connection:
        assert connection.send(request("GET", "/ok")).answer().status == 200
        assert connection.is_closed()


@pytest.mark.parametrize("first", [b"", request("GET", "/ok")])
def test_a_head_that_dribbles_has_no_more_time(impatient: AppServer, first: bytes) -> None:
    with connected(impatient) as connection:
        if first:
            connection.send(first).answer()
        connection.send(b"GET /ok HTTP/1.1\r\nA: ")
        assert 0.5 < dribble(connection, b"b") < 5
        assert connection.is_closed()


def test_a_request_may_take_longer_than_its_head(impatient: AppServer) -> None:
    with connected(impatient) as connection:
        connection.send(request("GET", "/wait"))
        assert not connection.has_answer(within_seconds=1.5)


def test_a_body_that_nobody_reads_has_a_bound_too(impatient: AppServer) -> None:
    with connected(impatient) as connection:
        connection.send(request("POST", "/ok", "Content-Length: 1000"))
        assert connection.answer().status == 200
        assert 0.5 < dribble(connection, b"b") < 5
        assert connection.is_closed()


def test_a_client_that_does_not_read_a_stream_is_cut_off(impatient: AppServer) -> None:
    with connected(impatient) as connection:
        connection.send(request("GET", "/stream?stalled"))
        (line,) = eventually(lambda: impatient.lines("cut off"))
        # What the system's buffers hold, and no more.
        assert line["parts"] < 200


def test_a_client_that_does_not_read_a_large_answer_is_cut_off(impatient: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request("GET", "/large") * 20)
        eventually(lambda: len(impatient.connections()) == 0)


def test_a_client_that_reads_slowly_is_not_cut_off(impatient: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.sendall(request("GET", "/large", "Connection: close"))
        deadline, read = time.monotonic() + 2, 0
        while time.monotonic() < deadline:
            read += len(connection.recv(20_000))
        while data := connection.recv(65536):
            read += len(data)
        assert read > 1_000_000
        # The client has read it all, but does not close its side.
        port = connection.getsockname()[1]
        eventually(lambda: port not in impatient.connections())


def test_a_body_that_nobody_reads_waits_with_the_client(server: AppServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request("POST", "/slow-reader", "Content-Length: 100000000"))
        connection.settimeout(1)
        sent = 0
        with suppress(TimeoutError):
            while sent < MORE_THAN_THE_SYSTEM_BUFFERS:
                sent += connection.send(b"x" * 65536)
        assert sent < MORE_THAN_THE_SYSTEM_BUFFERS


def test_requests_that_nobody_can_answer_yet_wait_with_the_client(server: AppServer) -> None:
    many = request("GET", "/ok") * 1_000
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request("GET", "/wait"))
        connection.settimeout(1)
        sent = 0
        with suppress(TimeoutError):
            while sent < MORE_THAN_THE_SYSTEM_BUFFERS:
                sent += connection.send(many)
        assert sent < MORE_THAN_THE_SYSTEM_BUFFERS


def test_a_client_that_never_reads_its_answers_cannot_ask_for_more(server: AppServer) -> None:
    many = request("GET", "/ok") * 1_000
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(1)
        sent = 0
        with suppress(TimeoutError):
            while sent < 5 * MORE_THAN_THE_SYSTEM_BUFFERS:
                sent += connection.send(many)
        assert sent < 5 * MORE_THAN_THE_SYSTEM_BUFFERS
