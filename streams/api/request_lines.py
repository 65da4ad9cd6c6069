"""The line that each request leaves in the log: what it was, and never what was in it."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from streams.api.errors import RefusedResponse
from streams.client_address import client_address
from streams.commands.plates import KEPT_CHARACTERS, KEY_PREFIX

log = logging.getLogger("plates.request")

_NOTES = "plates.notes"
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(slots=True)
class Notes:
    """What an endpoint adds to its request's line in the log."""

    # As Redis names it; PIPELINE or TRANSACTION; None: another request, or not known (yet).
    command: str | None = None
    # How many commands a batch has; None: it is no batch, or was refused unread.
    commands: int | None = None
    # Those commands by their names; those that are none of Redis' are left out.
    commands_by_name: Mapping[str, int] | None = None
    # The first characters of the API key; None: the request had no valid key.
    api_key_prefix: str | None = None


def notes_of(request: HttpRequest) -> Notes:
    """The notes of this request, for the endpoint to fill in."""
    notes: Notes = request.META.setdefault(_NOTES, Notes())
    return notes


def write_line(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Log the request, its answer and the time that it took."""
    if not log.isEnabledFor(logging.INFO):
        return
    match, notes = request.resolver_match, notes_of(request)
    log.info(
        "request",
        extra={
            "request_id": request.META["plates.request_id"],
            "client": _client(request),
            "method": request.method,
            "route": _route(match.route) if match else None,
            "plate": _plate(match.kwargs.get("plate")) if match else None,
            "api_key_prefix": notes.api_key_prefix,
            "command": notes.command,
            "commands": notes.commands,
            "commands_by_name": notes.commands_by_name,
            "status": response.status_code,
            "error": response.code if isinstance(response, RefusedResponse) else None,
            "duration_ms": round(seconds * 1000, 3),
        },
    )


def _plate(name: str | None) -> str | None:
    """The plate in the path; an API key that strayed there must not get into the log."""
    return name[:KEPT_CHARACTERS] if name and KEY_PREFIX in name else name


def _client(request: HttpRequest) -> str | None:
    if "HTTP_X_FORWARDED_FOR" not in request.META:
        return request.META.get("REMOTE_ADDR")
    address = client_address(request.META)
    return str(address) if address else None


@cache
def _route(pattern: str) -> str:
    """Django's pattern as the docs write it: `/{plate}/streams/length/{key}`."""
    return "/" + _PART.sub(r"{\1}", pattern)
