"""What the application should never do, answered and logged."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from streams.api import envelopes

Application = Callable[[Any, Any, Any], Awaitable[None]]

log = logging.getLogger("plates.server")


def guarded(application: Application) -> Application:
    """The application; if it fails before it has begun to answer, the answer is a 500 in JSON.

    The log has the reason, under the request's ID. Later failures end the connection.
    """

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        answer = _Answer(send)
        try:
            await application(scope, receive, answer.send)
        except asyncio.CancelledError:
            # The worker ends, and waits for no answer.
            scope["extensions"]["plates.cut_off"]()
            return
        except Exception:
            facts = _facts_of(scope)
            log.exception("the application has failed", extra=facts)
        else:
            if answer.has_begun or scope["extensions"]["plates.client"].is_gone:
                return
            facts = _facts_of(scope)
            log.error("the application has not answered", extra=facts)
        if not answer.has_begun:
            await _fail(send, facts["request_id"])
        elif not answer.is_whole:
            scope["extensions"]["plates.cut_off"]()

    return guard


class _Answer:
    """How far an answer has come."""

    __slots__ = ("_send", "has_begun", "is_whole")

    def __init__(self, send: Any) -> None:
        self._send = send
        self.has_begun = False
        self.is_whole = False

    async def send(self, message: Any) -> None:
        self.has_begun = True
        await self._send(message)
        self.is_whole = message["type"] == "http.response.body" and not message.get("more_body")


def _facts_of(scope: Any) -> dict[str, str]:
    return {"request_id": uuid.uuid4().hex, "client": scope["client"][0]}


async def _fail(send: Any, request_id: str) -> None:
    body = envelopes.failure("internal_error", "an internal error occurred")
    headers = {
        "connection": "close",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-request-id": request_id,
        "x-content-type-options": "nosniff",
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 500, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
