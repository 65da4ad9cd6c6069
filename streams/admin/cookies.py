"""The console's cookies."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def secure_over_tls(get_response: GetResponse) -> GetResponse:
    """Middleware that marks cookies set over TLS, so that browsers send them back only over TLS."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response

    return handle
