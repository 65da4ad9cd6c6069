"""What the log tells of each request, and what it never tells."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.polling import eventually
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
        return [json.loads(line) for line in self._server.output.splitlines() if words in line]


@pytest.fixture
def log(server: Server) -> Log:
    return Log(server)


def test_a_plate_that_is_no_text_is_an_unknown_plate(log: Log, plate: LivePlate) -> None:
    line = log.of(plate, "GET", "/%ff/streams")
    assert (line["status"], line["plate"]) == (401, "\udcff")
