"""The first middleware: what every request passes, and how requests to the API are answered.

Requests to the API pass `log_and_route` and no other middleware.
"""

import re
import time
import uuid
from collections.abc import Callable
from typing import cast
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import resolve

from streams.api import errors
from streams.api.parsers import unreadable
from streams.api.request_lines import write_line
from streams.commands.plates import KEY_PREFIX

CONSOLE = frozenset(("admin", "static"))
"""The first segments of the paths that belong to the console and its static files."""

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


def log_and_route(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give each request its ID, answer it, and log how it went: never keys or payloads.

    A request to the console goes on to the middleware behind this one. Any other request goes
    straight to its endpoint.
    """
    answer = cast("Callable[[HttpRequest], HttpResponse]", convert_exception_to_response(_routed))

    def handle(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = request.META["plates.request_id"] = _request_id(request)
        if request.path_info.lstrip("/").partition("/")[0] in CONSOLE:
            response = get_response(request)
        else:
            request.path_info = _raw_path(request)
            response = answer(request)
        response["X-Request-Id"] = request_id
        _secure(request, response)
        if not response.streaming:
            # Without a length the server would send the body in chunks.
            response["Content-Length"] = str(len(response.content))
        if request.method == "HEAD":
            _empty(response)
        write_line(request, response, request_id, time.perf_counter() - started)
        return response

    return handle


def read_whole_forms(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Read each form of the console before anything looks at it.

    The check for forgeries would take a form that is cut short for a forged one.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        try:
            _ = request.body  # It stays with the request.
        except UnreadablePostError as error:
            return errors.response(unreadable(error))
        return get_response(request)

    return handle


def _routed(request: HttpRequest) -> HttpResponse:
    """The answer of the endpoint at the request's path."""
    request.get_host()  # Raises DisallowedHost for a host that is not served.
    request.resolver_match = match = resolve(request.path_info)
    response = cast("HttpResponse", match.func(request, *match.args, **match.kwargs))
    # DRF's own responses, and Django's from templates, are made in two steps.
    return response.render() if isinstance(response, SimpleTemplateResponse) else response


def _secure(request: HttpRequest, response: HttpResponse) -> None:
    response["X-Content-Type-Options"] = "nosniff"
    # Over plain HTTP it would mean nothing.
    if request.is_secure() and settings.SECURE_HSTS_SECONDS:
        response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"


def _empty(response: HttpResponseBase) -> None:
    """Drop the answer's body; its headers stay, and its stream is closed with it."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        response.content = b""


def _request_id(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    # An API key that strayed there must not get into the log.
    is_sane = _SANE_ID.match(given) and KEY_PREFIX not in given
    return given if is_sane else uuid.uuid4().hex


def _raw_path(request: HttpRequest) -> str:
    """The path as the client sent it: it is split into names before they are decoded.

    WSGI's PATH_INFO is decoded already, and is used only if the server does not give the raw path.
    """
    raw: str | None = request.META.get("RAW_URI")
    if raw is None:
        return quote(request.path_info)
    return urlsplit(raw).path if not raw.startswith("/") else raw.partition("?")[0]
