"""The way of a request through the API: route, endpoint, answer, log."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import lru_cache
from typing import cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, resolve

from streams.api.request_lines import write_line
from streams.api.requests import ApiRequest, CutOff, Receive, Scope, Send
from streams.api.responses import PartedResponse
from streams.commands.plates import KEY_PREFIX
from streams.wakeups import Client

PART_BYTES = 64 * 1024
"""How much of a long answer is handed to the server at once."""

RESOLVED_PATHS = 4096
"""Of how many paths it is remembered what serves them."""

LONGEST_REMEMBERED = 256
"""How many characters such a path may have."""

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request by the endpoint at its path."""
    started = time.perf_counter()
    request = ApiRequest(scope, receive)
    give_id(request)
    await send_answer(request, await _endpoint_answer(request), send, started)


async def send_answer(
    request: ApiRequest, response: HttpResponseBase, send: Send, started: float
) -> None:
    """Complete the answer, log the request, and send the answer.

    `started` is when the request came, by `time.perf_counter`.
    """
    finish(request, response)
    if not request.may_be_followed:
        response["Connection"] = "close"
    write_line(request, response, time.perf_counter() - started)
    try:
        await _send(response, request.client, send, is_head=request.method == "HEAD")
    except CutOff:
        request.cut_off()
    finally:
        if isinstance(response, PartedResponse):
            response.on_close()


def give_id(request: HttpRequest) -> None:
    """Give the request its ID: the client's own if it is a sane one, else a new one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    # An API key that strayed there must not get into the log.
    is_sane = _SANE_ID.match(given) and KEY_PREFIX not in given
    request.META["plates.request_id"] = given if is_sane else uuid.uuid4().hex


def finish(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the headers that every answer has."""
    response["X-Request-Id"] = request.META["plates.request_id"]
    response["X-Content-Type-Options"] = "nosniff"
    # Over plain HTTP it would mean nothing.
    if request.is_secure() and settings.SECURE_HSTS_SECONDS:
        response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    if isinstance(response, HttpResponse):
        # Without a length the server would send the body in chunks.
        response["Content-Length"] = str(len(response.content))


@lru_cache(maxsize=RESOLVED_PATHS)
def _resolved(path: str) -> ResolverMatch:
    """What serves a path. Django tries one pattern after the other, so the answer is remembered."""
    return resolve(path)


async def _routed(request: HttpRequest) -> HttpResponseBase:
    """The answer of the endpoint at the request's path."""
    request.get_host()  # Raises DisallowedHost for a host that is not served.
    path = request.path_info
    find = _resolved if len(path) <= LONGEST_REMEMBERED else resolve
    request.resolver_match = match = find(path)
    view = cast("Callable[..., Awaitable[HttpResponseBase]]", match.func)
    return await view(request, *match.args, **match.kwargs)


_endpoint_answer = cast(
    "Callable[[HttpRequest], Awaitable[HttpResponseBase]]", convert_exception_to_response(_routed)
)
"""The same; where there is none, or it fails, the answer of Django's handlers of errors."""


async def _send(response: HttpResponseBase, client: Client, send: Send, *, is_head: bool) -> None:
    headers = [
        (name.lower().encode("ascii"), value.encode("latin1")) for name, value in response.items()
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if isinstance(response, PartedResponse) and not is_head:
        async with aclosing(response.parts) as texts:
            async for text in texts:
                for start in range(0, len(text), PART_BYTES):
                    part = text[start : start + PART_BYTES]
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    if client.is_gone:
                        return
    body = response.content if isinstance(response, HttpResponse) and not is_head else b""
    await send({"type": "http.response.body", "body": body})
