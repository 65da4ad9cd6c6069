"""Answers that the server gives before a request reaches the application."""

import logging
import uuid
from http import HTTPStatus

from streams.api import envelopes

log = logging.getLogger("plates.request")


class NoRequest(Exception):
    """What a client sends is no request that can be served. The connection is closed after it."""

    def __init__(self, status: int, message: str, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def answer(self, client: str, *, is_logged: bool) -> bytes:
        """The answer, in the API's envelope, with an ID of its own.

        The log has a line for it, which repeats nothing that the client sent, unless the
        application writes one.
        """
        request_id = uuid.uuid4().hex
        if is_logged:
            extra = {
                "request_id": request_id,
                "client": client,
                "error": self.code,
                "status": self.status,
            }
            log.info("no request", extra=extra)
        return _whole_answer(self.status, self.code, self.message, request_id)


def _whole_answer(status: int, code: str, message: str, request_id: str) -> bytes:
    """A whole answer, after which the connection is closed."""
    body = envelopes.failure(code, message)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "connection: close",
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "x-content-type-options: nosniff",
        *(("retry-after: 1",) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()),
        "\r\n",
    )
    return "\r\n".join(head).encode("ascii") + body
