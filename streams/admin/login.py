"""The login: one at a time in each worker, so that passwords cost others little."""

import threading

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from streams.admin import refusals

MAX_WAITING_LOGINS = 20
"""How many logins of a worker may be under way, all but one of them waiting for their turn."""

RETRY_AFTER_SECONDS = 10

_places = threading.BoundedSemaphore(MAX_WAITING_LOGINS)
_turn = threading.Lock()


def login(request: HttpRequest) -> HttpResponse:
    """The console's login page, and its form.

    A login looks at the failures before it, hashes, and notes its own failure. One that waited
    for its turn knows of all failures, however many were sent at once; and it waits without a
    database connection, of which the API needs all. Its form has been read before, when the
    form's token was checked: no slow client makes others wait.
    """
    if request.method != "POST":
        return admin.site.login(request)
    if not _places.acquire(blocking=False):
        return _too_many(request)
    try:
        with _turn:
            return admin.site.login(request)
    finally:
        _places.release()


def _too_many(request: HttpRequest) -> HttpResponse:
    return refusals.page(
        request,
        503,
        "Too many logins",
        "Too many people, or programs, try to log in at the same time. Try again in a moment.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
