"""How requests for the console reach Django's own handler, which answers them in threads."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from django.conf import settings

from streams.api import bodies, entry
from streams.api.errors import answer as answer_to
from streams.api.requests import ApiRequest, Message, Receive, Scope, Send

FIRST_SEGMENTS = frozenset(("admin", "static"))
"""The first segments of the paths that belong to the console and its static files."""

THREADS = 24
"""How many requests of the console a worker answers at a time; the others wait."""

_threads = asyncio.Semaphore(THREADS)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def answer(django: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for the console.

    Its form is read before Django sees it, within the bounds of every body: Django would wait for
    it, and store it, without an end.
    """
    started = time.perf_counter()
    request = ApiRequest(scope, receive)
    entry.give_id(request)
    try:
        # Django takes no longer forms, and would store them on the disk.
        body = await bodies.read(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    except Exception as error:  # noqa: BLE001 - one handler for all of them
        await entry.send_answer(request, answer_to(error, request), send, started)
        return
    async with _threads:
        await django(scope, _replaying(body, receive), send)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """What Django receives: the body in one piece, and then what else the server says."""
    pieces = [body]

    async def replayed() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await receive()

    return replayed
