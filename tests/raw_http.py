"""A client that sends what no HTTP library would."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, Self

from tests.servers import LivePlate, Server

PATIENCE_SECONDS = 20
"""How long an answer may take before the test fails."""


class RawAnswer(NamedTuple):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(json.loads(self.body)["error"]["code"])

    @property
    def message(self) -> str:
        """The message of a refusal."""
        return str(json.loads(self.body)["error"]["message"])


class RawConnection:
    """A connection, and what is sent and read on it byte by byte."""

    def __init__(self, connection: socket.socket, file: BinaryIO) -> None:
        self._connection = connection
        self._file = file

    def send(self, data: bytes) -> Self:
        """Send these bytes."""
        self._connection.sendall(data)
        return self

    def end(self) -> None:
        """Send no more; answers are still read."""
        self._connection.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Leave as a process does that is killed with unread bytes: with a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._file.close()
        self._connection.close()

    def answer(self, *, has_body: bool = True) -> RawAnswer:
        """The next answer; its length must be told. `has_body` is false after HEAD."""
        _, status, _ = self._file.readline().split(b" ", 2)
        headers = dict(self._headers())
        length = int(headers.get("content-length", 0)) if has_body else 0
        return RawAnswer(int(status), headers, self._file.read(length))

    def has_answer(self, *, within_seconds: float) -> bool:
        """Whether something has come, or comes by then."""
        return bool(select.select([self._connection], [], [], within_seconds)[0])

    def is_closed(self) -> bool:
        """Whether the server says nothing more, and closes the connection."""
        return self._file.read(1) == b""

    def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        return self._file.read()

    def _headers(self) -> Iterator[tuple[str, str]]:
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            yield name.lower(), value.strip()


@contextmanager
def connected(server: Server) -> Iterator[RawConnection]:
    """A connection of its own to a real server."""
    with (
        socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection,
        connection.makefile("rb") as file,
    ):
        yield RawConnection(connection, file)


def head(
    plate: LivePlate, method: str, path: str, *, key: str | None = None, **headers: Any
) -> bytes:
    """A request's head on a path of the plate, with its key unless another is given.

    `Content_Length=5` becomes `Content-Length: 5`.
    """
    lines = [
        f"{method} /{plate.name}{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {plate.key if key is None else key}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
