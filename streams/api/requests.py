"""A request of the API, as it comes from the server."""

from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest

from streams.wakeups import Client

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ASCII = "".join(map(chr, range(128)))

DISCARDED_BYTES = 64 * 1024
"""The longest body that is dropped if its request was refused before the body was read."""


class ClientLeftEarly(Exception):
    """The client closed its connection before the end of the body."""


class CutOff(Exception):
    """An answer cannot be completed, so the connection must be closed."""


class ApiRequest(ASGIRequest):
    """Django's request; its body is read only when its endpoint asks for it.

    `path_info` is the path as the client sent it: it is split into names before they are decoded.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        query: bytes = scope["query_string"]
        if not query.isascii():
            # Bytes that are not UTF-8 would stop Django here. So they reach the endpoint encoded.
            scope = {**scope, "query_string": quote(query, safe=_ASCII).encode()}
        super().__init__(scope, BytesIO())
        self.path_info = scope["raw_path"].partition(b"?")[0].decode("latin1")
        self._receive = receive
        extensions = scope.get("extensions") or {}
        self.client: Client = extensions.get("plates.client") or Client()
        # Closes the connection, for an answer that cannot be completed.
        self.cut_off: Callable[[], None] = extensions.get("plates.cut_off", _do_nothing)
        self.is_read = False
        self._is_begun = False

    @property
    def may_be_followed(self) -> bool:
        """Whether the connection can serve another request after this one.

        It cannot if bytes of the body are still to come, unless they are few: the server then reads
        and drops them.
        """
        if self.is_read or self._is_begun:
            return self.is_read
        is_in_chunks = "HTTP_TRANSFER_ENCODING" in self.META
        return not is_in_chunks and int(self.META.get("CONTENT_LENGTH") or 0) <= DISCARDED_BYTES

    async def next_piece(self) -> bytes:
        """The next bytes of the body; `is_read` says whether they are the last ones.

        Raises ClientLeftEarly.
        """
        self._is_begun = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftEarly("the client left before the end of its body")
        self.is_read = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece


def _do_nothing() -> None:
    pass
