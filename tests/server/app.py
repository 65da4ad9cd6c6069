"""A small ASGI application: each path does one thing that an application may do."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from logging.config import dictConfig
from typing import Any

from plates_project.logs import logging_to
from plates_project.server.worker import Worker as ServiceWorker

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PART = b"x" * 64 * 1024

dictConfig(logging_to("stdout", "json"))
log = logging.getLogger("app")

_let_go = asyncio.Event()


class Worker(ServiceWorker):
    """The worker of the service, but it lets go who waits here."""

    def let_go(self) -> None:
        """End all `/wait`."""
        _let_go.set()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Do what the path says."""
    await _ENDPOINTS.get(scope["path"], _unknown)(scope, receive, send)


async def _answer(send: Send, status: int, facts: Any) -> None:
    body = json.dumps(facts).encode()
    await _begin(send, status, [(b"content-length", b"%d" % len(body))])
    await send({"type": "http.response.body", "body": body})


async def _begin(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    await _answer(send, 404, None)


async def _ok(scope: Scope, receive: Receive, send: Send) -> None:
    await _answer(send, 200, scope["query_string"].decode())


async def _scope(scope: Scope, receive: Receive, send: Send) -> None:
    names = ("method", "path", "scheme", "http_version", "client")
    facts = {name: scope[name] for name in names}
    raw = {name: scope[name].decode() for name in ("raw_path", "query_string")}
    headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    await _answer(send, 200, {**facts, **raw, "headers": headers})


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it has read, or 400 if that was not the whole body."""
    body, more_body = b"", True
    while more_body:
        message = await receive()
        if message["type"] == "http.disconnect":
            await _answer(send, 400, "left")
            return
        body += message["body"]
        more_body = message["more_body"]
    await _answer(send, 200, body.decode() if len(body) < 1000 else len(body))


async def _slow_reader(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads once and then no more, until it is let go; answers how much there was to read."""
    first = await receive()
    await _let_go.wait()
    second = await receive()
    await _answer(send, 200, [len(first["body"]), len(second["body"])])


async def _wait(scope: Scope, receive: Receive, send: Send) -> None:
    """Waits until the client leaves or the worker stops."""
    left = asyncio.Event()
    with scope["extensions"]["plates.client"].watched(lambda _: left.set()):
        leaving = asyncio.ensure_future(left.wait())
        stopping = asyncio.ensure_future(_let_go.wait())
        done, pending = await asyncio.wait((leaving, stopping), return_when="FIRST_COMPLETED")
    for task in pending:
        task.cancel()
    log.info("left" if leaving in done else "let go")
    await _answer(send, 503, "let go")


async def _departure(scope: Scope, receive: Receive, send: Send) -> None:
    left = asyncio.Event()
    with scope["extensions"]["plates.client"].watched(lambda _: left.set()):
        await left.wait()
    log.info("departed")


async def _later(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers only after everything that came with its request was read."""
    await asyncio.sleep(0.3)
    await _ok(scope, receive, send)


async def _stop_late(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers only a moment after the worker has begun to stop."""
    await _let_go.wait()
    await asyncio.sleep(0.5)
    await _answer(send, 200, "finished")


async def _stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends without an end; says how much that was."""
    client = scope["extensions"]["plates.client"]
    await _begin(send, 200, [])
    parts = 0
    while not client.is_gone:
        await send({"type": "http.response.body", "body": PART, "more_body": True})
        parts += 1
    log.info("cut off", extra={"parts": parts})


async def _large(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a megabyte at once, with its length."""
    await _begin(send, 200, [(b"content-length", b"1000000")])
    await send({"type": "http.response.body", "body": b"x" * 1_000_000})


async def _parts(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends three parts without saying how long they are."""
    await _begin(send, 200, [])
    for text in (b"one", b"two"):
        await send({"type": "http.response.body", "body": text, "more_body": True})
    await send({"type": "http.response.body", "body": b"three"})


async def _no_content(scope: Scope, receive: Receive, send: Send) -> None:
    await _begin(send, 204, [])
    await send({"type": "http.response.body"})


async def _close(scope: Scope, receive: Receive, send: Send) -> None:
    await _begin(send, 200, [(b"connection", b"close"), (b"content-length", b"2")])
    await send({"type": "http.response.body", "body": b"ok"})


async def _fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("a defect")


async def _fail_begun(scope: Scope, receive: Receive, send: Send) -> None:
    await _begin(send, 200, [])
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    raise LookupError("a defect")


async def _fail_after(scope: Scope, receive: Receive, send: Send) -> None:
    await _ok(scope, receive, send)
    raise LookupError("a defect")


async def _say_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    pass


async def _hang(scope: Scope, receive: Receive, send: Send) -> None:
    """Lets nothing else run."""
    time.sleep(60)


async def _split_header(scope: Scope, receive: Receive, send: Send) -> None:
    await _begin(send, 200, [(b"x", b"a\r\nset-cookie: b")])
    await send({"type": "http.response.body"})


_ENDPOINTS = {
    "/healthz": _ok,
    "/ok": _ok,
    "/scope": _scope,
    "/echo": _echo,
    "/slow-reader": _slow_reader,
    "/wait": _wait,
    "/departure": _departure,
    "/later": _later,
    "/stop-late": _stop_late,
    "/stream": _stream,
    "/large": _large,
    "/parts": _parts,
    "/no-content": _no_content,
    "/close": _close,
    "/fail": _fail,
    "/fail-begun": _fail_begun,
    "/fail-after": _fail_after,
    "/say-nothing": _say_nothing,
    "/hang": _hang,
    "/split-header": _split_header,
}
