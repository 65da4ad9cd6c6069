"""A small HTTP/1.1 client for load that wrk cannot make: each request depends on the last answer.

It understands only what the measured servers send: answers with a Content-Length, or in chunks.
"""

import asyncio
import socket
import time
from typing import Any, Self

import orjson

from bench.load import Request
from bench.processes import HOST
from bench.targets import Target

HEAD_LIMIT = 64 * 1024
WAIT_SECONDS = 120


class Connection:
    """One connection to a target, kept alive. One request at a time."""

    def __init__(
        self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, target: Target) -> Self:
        """Connect."""
        return cls(target, *await asyncio.open_connection(HOST, target.port, limit=HEAD_LIMIT))

    async def result(self, request: Request) -> Any:
        """Send the request in the `rest` dialect, and return the result in the answer."""
        return orjson.loads(await self.answer(request))["data"]["result"]

    async def answer(self, request: Request) -> bytes:
        """Send the request and return the body of its answer. Raises RuntimeError unless 200."""
        self.send(request)
        return await self.receive()

    def send(self, request: Request) -> None:
        """Send without waiting for the answer."""
        self._writer.write(encoded(self._target, request))

    async def receive(self) -> bytes:
        """The body of the next answer. Raises RuntimeError unless it is a success."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._body(head.lower())
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{self._target.name}: {head!r} {body!r}")
        return body

    async def _body(self, head: bytes) -> bytes:
        name = b"content-length:"
        if name in head:
            start = head.index(name) + len(name)
            return await self._reader.readexactly(int(head[start : head.index(b"\r", start)]))
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def encoded(target: Target, request: Request) -> bytes:
    """The bytes of the request for that target."""
    body = request.body.encode()
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {HOST}:{target.port}"]
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def send_and_wait(target: Target, request: Request) -> float:
    """Send a request and return the monotonic time at which its answer began.

    Blocks the whole process, so that nothing else in it makes the time later than it was.
    """
    with socket.create_connection((HOST, target.port), WAIT_SECONDS) as connection:
        connection.sendall(encoded(target, request))
        head = connection.recv(HEAD_LIMIT)
        answered_at = time.monotonic()
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{target.name}: {head!r}")
    return answered_at
