"""What every request for the console passes."""

import time
from collections.abc import Callable

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from streams.api.entry import finish, give_id
from streams.api.request_lines import write_line


def log_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give each request its ID, and log how it went."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        give_id(request)
        response = get_response(request)
        if isinstance(response, FileResponse):
            response = _in_memory(response)
        finish(request, response)
        write_line(request, response, time.perf_counter() - started)
        return response

    return handle


def _in_memory(file: FileResponse) -> HttpResponse:
    """A static file, which is small, as a response that needs no thread while it is sent."""
    whole = HttpResponse(b"".join(file), status=file.status_code)
    whole.headers = file.headers
    file.close()
    return whole
