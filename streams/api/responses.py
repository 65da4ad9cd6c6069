"""The answers of the endpoints."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from streams.api import envelopes


class PartedResponse(HttpResponseBase):
    """An answer that is sent in parts as they come, because it is long or has no end."""

    streaming = True

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        *,
        on_close: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        """`on_close` is called when the answer is over, even if none of it was sent."""
        super().__init__(**options)
        self.parts = parts
        self.on_close = on_close


def succeed(data: Any) -> HttpResponse:
    """Answer with a success."""
    return HttpResponse(envelopes.success(data), content_type="application/json")
