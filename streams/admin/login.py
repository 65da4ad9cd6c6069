"""The login. Each worker handles one at a time, so that hashing delays other requests little."""

import threading

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from streams.admin import refusals

MAX_WAITING_LOGINS = 20
"""How many logins a worker accepts at a time. All but one of them wait."""

RETRY_AFTER_SECONDS = 10

_admitted = threading.BoundedSemaphore(MAX_WAITING_LOGINS)
_lock = threading.Lock()


def login(request: HttpRequest) -> HttpResponse:
    """The console's login page, and its form.

    A login counts the failures before it, hashes the password, and stores its own failure. Because
    one login runs at a time, each one counts the failures of all before it, even if many were sent
    at once. A login waits without a database connection, because the console has only a few. Its
    form was read before, to check the form's token, so a slow client does not make others wait.
    """
    if request.method != "POST":
        return admin.site.login(request)
    if not _admitted.acquire(blocking=False):
        return _too_many(request)
    try:
        with _lock:
            return admin.site.login(request)
    finally:
        _admitted.release()


def _too_many(request: HttpRequest) -> HttpResponse:
    return refusals.page(
        request,
        503,
        "Too many logins",
        "Too many people or programs are trying to log in. Try again in a moment.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
