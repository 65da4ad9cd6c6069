"""How a worker stops, and how it is replaced."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.polling import eventually
from tests.raw_http import connected
from tests.server.running import AppServer, request

PROMPT_SECONDS = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AppServer]:
    with AppServer(tmp_path) as running:
        yield running


def ends_promptly(server: AppServer) -> bool:
    began = time.monotonic()
    status = server.wait()
    assert '"level":"error"' not in server.output
    assert '"level":"warning"' not in server.output
    return status == 0 and time.monotonic() < began + PROMPT_SECONDS


def test_an_idle_connection_does_not_hold_it_up(server: AppServer) -> None:
    with connected(server) as silent, connected(server) as idle, connected(server) as begun:
        assert idle.send(request("GET", "/ok")).answer().status == 200
        begun.send(b"GET /ok HT")
        server.signal(signal.SIGTERM)
        assert ends_promptly(server)
        assert silent.is_closed()
        assert idle.is_closed()
        assert begun.is_closed()


def test_ctrl_c_stops_as_sigterm_does(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/stop-late"))
        eventually(lambda: psutil.Process(server.pid).children())
        os.killpg(server.pid, signal.SIGINT)
        answer = connection.answer()
        assert (answer.body, answer.headers["connection"]) == (b'"finished"', "close")
    assert ends_promptly(server)


def test_who_only_waits_is_answered_at_once(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/wait"))
        assert not connection.has_answer(within_seconds=0.2)
        server.signal(signal.SIGTERM)
        assert connection.answer().status == 503
        assert connection.is_closed()
    assert ends_promptly(server)


def test_a_running_request_finishes(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/stop-late"))
        assert not connection.has_answer(within_seconds=0.2)
        server.signal(signal.SIGTERM)
        assert connection.answer().body == b'"finished"'
        assert connection.is_closed()
    assert ends_promptly(server)


def test_a_request_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    hurried = AppServer(tmp_path, "--graceful-timeout", "1")
    with hurried as server, connected(server) as connection:
        connection.send(request("GET", "/departure"))
        assert not connection.has_answer(within_seconds=0.2)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


def test_sigquit_waits_for_nobody(server: AppServer) -> None:
    with connected(server) as connection:
        connection.send(request("GET", "/stop-late"))
        assert not connection.has_answer(within_seconds=0.2)
        server.signal(signal.SIGQUIT)
        assert server.wait() == 0
        assert connection.is_closed()


def test_a_signal_that_comes_early_is_not_lost(tmp_path: Path) -> None:
    server = AppServer(tmp_path)
    server.spawn()
    eventually(lambda: psutil.Process(server.pid).children())
    server.signal(signal.SIGTERM)
    assert ends_promptly(server)


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    with AppServer(tmp_path, "--timeout", "2") as server:
        (worker,) = psutil.Process(server.pid).children()
        with connected(server) as connection:
            connection.send(request("GET", "/hang"))
            eventually(lambda: not worker.is_running(), within_seconds=20)
        eventually(lambda: len(psutil.Process(server.pid).children()) == 1)
        with connected(server) as connection:
            assert connection.send(request("GET", "/ok")).answer().status == 200


def test_a_worker_whose_arbiter_is_gone_ends(server: AppServer) -> None:
    (worker,) = psutil.Process(server.pid).children()
    server.signal(signal.SIGKILL)
    server.wait()
    eventually(lambda: not worker.is_running())
