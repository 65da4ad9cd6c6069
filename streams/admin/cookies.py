"""The console's cookies."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def secure_over_tls(get_response: GetResponse) -> GetResponse:
    """Middleware: cookies that are set over TLS never come back without it."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response

    return handle
