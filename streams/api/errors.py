"""Every refusal as an HTTP answer: the one table of statuses and codes."""

import logging
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from streams import wakeups
from streams.api import envelopes
from streams.commands.batch import TransactionRefused
from streams.domain import errors

RETRY_AFTER_SECONDS = 1

CLIENT_LEFT = 499
"""The status in the log of a read whose client has left; nobody receives it."""

log = logging.getLogger(__name__)


class HttpError(Exception):
    """An error of the HTTP face itself, ready to be answered."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.details: dict[str, Any] = {}


class _Answer(NamedTuple):
    status: int
    code: str


ANSWERS: dict[type[errors.Refusal], _Answer] = {
    errors.InvalidCommand: _Answer(400, "invalid_command"),
    errors.InvalidRequest: _Answer(400, "invalid_request"),
    errors.InvalidQuery: _Answer(400, "invalid_query"),
    errors.UnsupportedCommand: _Answer(400, "unsupported_command"),
    errors.NoSuchKey: _Answer(404, "not_found"),
    errors.NoGroup: _Answer(404, "nogroup"),
    errors.BusyGroup: _Answer(409, "busygroup"),
    errors.IdConflict: _Answer(409, "id_conflict"),
    errors.TooLarge: _Answer(413, "payload_too_large"),
    errors.TooManyRequests: _Answer(429, "rate_limited"),
    errors.Unavailable: _Answer(503, "unavailable"),
}


class RefusedResponse(HttpResponse):
    """The answer to a request that was refused."""

    code: str


def answer(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer to what an endpoint raised. What is not a refusal is a defect, and is logged."""
    return response(_as_http_error(error, request))


def _as_http_error(error: Exception, request: HttpRequest) -> HttpError:
    match error:
        case HttpError():
            return error
        case errors.Refusal():
            return _of_refusal(error)
        case TransactionRefused():
            refused = _of_refusal(error.refusal)
            refused.details["index"] = error.index
            return refused
        case wakeups.KeyRevoked():
            return denied()
        case wakeups.ClientHasLeft():
            return HttpError(CLIENT_LEFT, "client_left", "the client has left")
        case TooManyFieldsSent():
            limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
            return HttpError(400, "invalid_query", f"a query may have at most {limit} parameters")
    request_id = request.META.get("plates.request_id")
    log.error("an endpoint failed", exc_info=error, extra={"request_id": request_id})
    return internal_error()


def _of_refusal(refusal: errors.Refusal) -> HttpError:
    # A refusal that has no line of its own has that of the kind that it belongs to.
    status, code = next(ANSWERS[kind] for kind in type(refusal).__mro__ if kind in ANSWERS)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status in (429, 503) else {}
    return HttpError(status, code, refusal.text, headers)


def response(error: HttpError) -> RefusedResponse:
    """The error as an answer."""
    refused = RefusedResponse(
        envelopes.failure(error.code, error.message, **error.details),
        status=error.status,
        content_type="application/json",
        headers=error.headers,
    )
    refused.code = error.code
    return refused


def unauthorized(code: str, message: str) -> HttpError:
    """The request has no API key, or none that is valid for this plate."""
    return HttpError(401, code, message, {"WWW-Authenticate": "Bearer"})


def denied() -> HttpError:
    """The credentials are wrong or no longer valid; the answer does not say which."""
    return unauthorized("invalid_authorization", "authorization denied")


def method_not_allowed(allowed: tuple[str, ...]) -> HttpError:
    """The path has a route, but not for this method."""
    return HttpError(
        405,
        "method_not_allowed",
        "this method is not allowed here",
        {"Allow": ", ".join(allowed)},
    )


def internal_error() -> HttpError:
    """A defect of ours. What happened is in the log, under the request's ID."""
    return HttpError(500, "internal_error", "an internal error occurred")


TRAILING_SLASH = "paths have no trailing slash"


def no_such_route(hint: str = "") -> HttpError:
    """The path has no route; the hint says which path was perhaps meant."""
    return HttpError(404, "not_found", f"no such route: {hint}" if hint else "no such route")


def route_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for paths without a route."""
    path = request.path_info
    if path.endswith("/") and _is_route(path[:-1]):
        return response(no_such_route(TRAILING_SLASH))
    return response(no_such_route())


def _is_route(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for requests that Django itself refuses, as for an unknown host."""
    is_elsewhere = isinstance(exception, DisallowedHost)
    message = "this host is not served here" if is_elsewhere else "the request is not acceptable"
    return response(HttpError(400, "invalid_request", message))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for what it refuses outside of the endpoints."""
    return response(HttpError(403, "forbidden", "this is not permitted"))


def unavailable(outage: str) -> HttpResponse:
    """The answer outside of the endpoints when the database cannot serve."""
    return response(_of_refusal(errors.Unavailable(outage)))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for a defect outside of the endpoints."""
    return response(internal_error())
