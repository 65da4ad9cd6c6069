"""The limits on a request's head, and what its framing headers may say."""

from django.conf import settings

from plates_project.server.refusals import NoRequest

MAX_HEADERS = 100
"""How many headers a request may have."""

MAX_HEADER_BYTES = 8190
"""How long one header may be, with its name and the end of its line."""

MAX_HEADERS_BYTES = MAX_HEADERS * MAX_HEADER_BYTES

MAX_FRAME_BYTES = 64 * 1024
"""How long the extension of a chunk, or what stands behind the last chunk, may be."""

VERSIONS = ("1.0", "1.1")

_CODINGS = frozenset((b"gzip", b"deflate", b"compress", b"identity"))
# If one of these came twice, two readers might each take another one for the right one.
_ONCE = frozenset((b"host", b"content-type", b"transfer-encoding", b"x-forwarded-proto"))
# What a request's line has beside the method and the target: two spaces, the version, the end.
_LINE_FRAME_BYTES = len(b"  HTTP/1.1")


class HeadLimits:
    """Checks the head of the request that is being read, and the frame of its body."""

    __slots__ = ("_bytes", "_is_in_chunks", "_names", "is_in_head")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A request begins."""
        self.is_in_head = True
        self._is_in_chunks = False
        self._bytes = 0
        self._names: list[bytes] = []

    def end(self, version: str) -> None:
        """The head is complete. Raises NoRequest (400)."""
        self.is_in_head = False
        self._bytes = 0
        if version not in VERSIONS:
            raise NoRequest(400, "the version of HTTP is not one that is served")
        if self._is_in_chunks and version == "1.0":
            raise NoRequest(400, "HTTP/1.0 has no chunks")

    def count(self, data: bytes) -> None:
        """Bytes arrive. Raises NoRequest (431) if the head is longer than all of it may be."""
        self._bytes += len(data)
        if self.is_in_head and self._bytes > settings.REQUEST_LINE_BYTES + MAX_HEADERS_BYTES:
            raise _too_many_headers()

    def count_body(self, body: bytes) -> None:
        """Bytes of the body are read."""
        self._bytes = 0

    def check_body(self) -> None:
        """Raises NoRequest (400) if much has come with no byte of the body in it."""
        if not self.is_in_head and self._bytes > MAX_FRAME_BYTES:
            raise NoRequest(400, "what frames the body is too long")

    def check_line(self, method: bytes, target: bytes) -> None:
        """Raises NoRequest (414) if the request's line is too long."""
        if len(method) + len(target) + _LINE_FRAME_BYTES > settings.REQUEST_LINE_BYTES:
            raise NoRequest(414, "the request's line is too long")

    def check_header(self, name: bytes, value: bytes) -> None:
        """Raises NoRequest (431, 417, 501, 400) for a header that is too long or asks too much."""
        if name in _ONCE and name in self._names:
            raise NoRequest(400, "a header that may come only once came twice")
        self._names.append(name)
        # With the colon, a space and the end of its line.
        if len(self._names) > MAX_HEADERS or len(name) + len(value) + 4 > MAX_HEADER_BYTES:
            raise _too_many_headers()
        if name == b"expect" and value.lower() != b"100-continue":
            raise NoRequest(417, "the only expectation that is met is 100-continue")
        if name == b"transfer-encoding":
            self._check_codings(value)

    def _check_codings(self, value: bytes) -> None:
        *others, last = (coding.strip().lower() for coding in value.split(b","))
        if not {*others, last} <= {*_CODINGS, b"chunked"}:
            raise NoRequest(501, "the transfer coding is not known")
        if last != b"chunked" or b"chunked" in others:
            raise NoRequest(400, "the end of the body cannot be told")
        self._is_in_chunks = True


def _too_many_headers() -> NoRequest:
    return NoRequest(431, "the headers are too many or too long")
