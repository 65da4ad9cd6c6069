"""Django's handlers of errors: they answer with a page for the console, else with JSON."""

import sys

from django.http import HttpRequest, HttpResponse

from streams.admin import refusals
from streams.api import errors
from streams.store.errors import outage_in

CONSOLE = "/admin/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django itself refuses the request, for example because its host is unknown."""
    if _is_for_console(request):
        return refusals.bad_request(request)
    return errors.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The operator lacks a permission. The API's endpoints do not use this handler."""
    if _is_for_console(request):
        return refusals.forbidden(request)
    return errors.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The path has no route."""
    if _is_for_console(request):
        return refusals.not_found(request)
    return errors.route_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something failed outside of the API's endpoints: a defect, or the database cannot serve."""
    outage = outage_in(sys.exc_info()[1])
    if _is_for_console(request):
        return refusals.unavailable(request, outage) if outage else refusals.server_error(request)
    return errors.unavailable(outage) if outage else errors.server_error(request)


def _is_for_console(request: HttpRequest) -> bool:
    return request.path_info.startswith(CONSOLE)
