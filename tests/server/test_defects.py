"""Defects of the application: each is logged once, and answered if nothing was sent."""

from collections.abc import Iterator

import pytest

from tests.polling import eventually
from tests.raw_http import connected
from tests.server.running import AppServer, request


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server whose log may hold tracebacks."""
    running = AppServer(tmp_path_factory.mktemp("failing"))
    running.start()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("path", "message", "has_traceback"),
    [
        ("/fail", "the application has failed", True),
        ("/say-nothing", "the application has not answered", False),
    ],
)
def test_it_is_answered(failing: AppServer, path: str, message: str, has_traceback: bool) -> None:
    with connected(failing) as connection:
        answer = connection.send(request("GET", path)).answer()
        assert (answer.status, answer.code) == (500, "internal_error")
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()
    (line,) = eventually(lambda: failing.lines(answer.headers["x-request-id"]))
    assert (line["level"], line["message"]) == ("error", message)
    assert (line["logger"], line["client"]) == ("plates.server", "127.0.0.1")
    assert ("exception" in line) == has_traceback


def test_it_cuts_an_answer_short(failing: AppServer) -> None:
    with connected(failing) as connection:
        connection.send(request("GET", "/fail-begun"))
        answer = connection.answer(has_body=False)
        assert (answer.status, answer.headers["transfer-encoding"]) == (200, "chunked")
        rest = connection.rest()
        assert rest == b"5\r\nbegun\r\n"


def test_after_the_answer_it_is_logged_only(failing: AppServer) -> None:
    told = len(failing.lines("the application has failed"))
    with connected(failing) as connection:
        for _ in range(2):
            assert connection.send(request("GET", "/fail-after")).answer().status == 200
    eventually(lambda: len(failing.lines("the application has failed")) == told + 2)
