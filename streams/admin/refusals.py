"""The console's own pages for errors."""

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER_SECONDS = 10


def page(
    request: HttpRequest, status: int, title: str, text: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A page that says what is wrong. It needs no database, because the database may be away."""
    # An anonymous user's permissions are not looked up in the database.
    request.user = AnonymousUser()
    context = {**admin.site.each_context(request), "title": title, "text": text}
    html = render_to_string("console/refusal.html", context, request)
    return HttpResponse(html, status=status, headers=headers)


def bad_request(request: HttpRequest) -> HttpResponse:
    """Django itself refuses the request, for example an unknown host or a filter not allowed."""
    return page(request, 400, "Bad request", "The console does not understand this request.")


def forbidden(request: HttpRequest) -> HttpResponse:
    """The operator may not see or do this."""
    return page(request, 403, "Not permitted", "You do not have the permission for this page.")


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form has no valid token. This is Django's CSRF_FAILURE_VIEW.

    Neither the page nor the log says Django's `reason` (see `plates_project/logs.py`).
    """
    text = (
        "The form is too old, comes from another page, or cookies are blocked. "
        "Go back, load the page again and send it once more."
    )
    return page(request, 403, "Form refused", text)


def not_found(request: HttpRequest) -> HttpResponse:
    """There is no page at this address."""
    return page(request, 404, "Page not found", "The console has no page at this address.")


def unavailable(request: HttpRequest, outage: str) -> HttpResponse:
    """The database cannot serve; `outage` says why."""
    text = f"The console cannot do this at the moment: {outage}. Try again later."
    return page(request, 503, "Not available", text, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def server_error(request: HttpRequest) -> HttpResponse:
    """The service has a defect, which the log describes."""
    text = "Something went wrong here. The server's log says what it was."
    return page(request, 500, "Internal error", text)
