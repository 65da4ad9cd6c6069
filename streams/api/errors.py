"""Every refusal as an HTTP answer: the one table of statuses and codes."""

from typing import Any, NamedTuple

from django.http import HttpResponse
from rest_framework import exceptions

from streams.api.json import dumps
from streams.domain import errors

RETRY_AFTER_SECONDS = 1


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
    errors.UnsupportedCommand: _Answer(400, "unsupported_command"),
    errors.NoSuchKey: _Answer(404, "not_found"),
    errors.NoGroup: _Answer(404, "nogroup"),
    errors.BusyGroup: _Answer(409, "busygroup"),
    errors.IdConflict: _Answer(409, "id_conflict"),
    errors.TooLarge: _Answer(413, "payload_too_large"),
    errors.TooManyRequests: _Answer(429, "rate_limited"),
    errors.Unavailable: _Answer(503, "unavailable"),
}


def of_refusal(refusal: errors.Refusal) -> HttpError:
    """What a refusal is over HTTP."""
    status, code = ANSWERS[type(refusal)]
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status in (429, 503) else {}
    return HttpError(status, code, refusal.text, headers)


def of_framework(error: exceptions.APIException) -> HttpError:
    """What an error of Django REST framework is over HTTP."""
    if isinstance(error, exceptions.MethodNotAllowed):
        return method_not_allowed(())
    return HttpError(error.status_code, str(error.default_code), str(error.detail))


def response(error: HttpError) -> HttpResponse:
    """The failure envelope."""
    body = {"code": error.code, "message": error.message, **error.details}
    return HttpResponse(
        dumps({"ok": False, "error": body}),
        status=error.status,
        content_type="application/json",
        headers=error.headers,
    )


def not_found() -> HttpError:
    """No such route."""
    return HttpError(404, "not_found", "no such route")


def method_not_allowed(allowed: tuple[str, ...]) -> HttpError:
    """The route is there, but not for this method."""
    return HttpError(
        405,
        "method_not_allowed",
        "this method is not allowed here",
        {"Allow": ", ".join(allowed)},
    )


def internal_error() -> HttpError:
    """A defect of ours: what happened is in the log, under the request's ID."""
    return HttpError(500, "internal_error", "an internal error occurred")
