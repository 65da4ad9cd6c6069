"""Answers that the server gives before a request reaches the application."""

import logging
import uuid
from typing import Any, NamedTuple, Self

from gunicorn.http import errors

from streams.api import envelopes

log = logging.getLogger("plates.request")


class EarlyRefusal(NamedTuple):
    """An answer of the server itself, in the API's envelope. The connection is closed after it."""

    status: int
    reason: str
    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """The answer to an error: a malformed request is refused, any other error is our defect."""
        if isinstance(error, errors.ParseException):
            status, reason = _STATUS_OF.get(type(error), (400, "Bad Request"))
            return cls(status, reason, "invalid_request", str(error))
        return cls(500, "Internal Server Error", "internal_error", "an internal error occurred")

    def send(self, client: Any, address: Any) -> None:
        """Send and log the answer. The log repeats nothing that the client sent. Raises OSError."""
        request_id = uuid.uuid4().hex
        log.info(
            "no request",
            extra={
                "request_id": request_id,
                "client": address[0],
                "error": self.code,
                "status": self.status,
            },
        )
        client.sendall(self._text(request_id))

    def _text(self, request_id: str) -> bytes:
        body = envelopes.failure(self.code, self.message)
        head = (
            f"HTTP/1.1 {self.status} {self.reason}",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"X-Request-Id: {request_id}",
            "X-Content-Type-Options: nosniff",
            "\r\n",
        )
        return "\r\n".join(head).encode("ascii") + body


# All other malformed requests have the status 400.
_STATUS_OF: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
}
