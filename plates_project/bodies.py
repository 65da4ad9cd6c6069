"""Reads bodies of requests: the reader gets the whole body in time, or an error.

gunicorn itself treats a body that ends early as complete, and waits for ever for a body that does
not come. Every reader of a body reads through this module: the API, the console's forms, and
gunicorn itself where it discards a body that nobody has read.
"""

import contextlib
import errno
import socket
import time
from typing import Any

import gevent
from gunicorn.http import errors
from gunicorn.http.body import LengthReader

DISCARDED_BYTES = 64 * 1024
"""The longest body that is discarded if its request was refused before the body was read. If the
body is longer, or in chunks, the connection is closed instead."""

CHUNKED_PIECE_BYTES = 32 * 1024
"""How much of a body in chunks is read before other greenlets have a turn: chunks may be small."""

LINGER_SECONDS = 2
"""How long a closing connection still reads what the client sends."""

LINGER_READ_BYTES = 64 * 1024


class BodyReader:
    """Reads the body of one of gunicorn's requests, within `seconds` of its creation.

    The connection is closed after the answer, unless the body was read to its end or has at most
    DISCARDED_BYTES.
    """

    def __init__(self, request: Any, seconds: float) -> None:
        self._request = request
        self._reader = request.body.reader
        self._closes_anyway: bool = request.must_close
        self._deadline = time.monotonic() + seconds
        # How many bytes are still to come. None if the body is in chunks, which mark their end.
        self._left: int | None = getattr(self._reader, "length", None)
        self.is_at_end = False
        if self._left is None or self._left > DISCARDED_BYTES:
            request.force_close()

    def read(self, size: int) -> bytes:
        """The next bytes; there are fewer than `size` only at the end of the body.

        Raises TimeoutError if the bytes do not come in time, ConnectionResetError if the client has
        left before the end, and ValueError if chunks are malformed.
        """
        try:
            data = self._read(size)
            self._count(data, size)
        except (OSError, ValueError):
            # Nobody knows where the next request would begin.
            self._request.force_close()
            raise
        if self.is_at_end:
            self._request.must_close = self._closes_anyway
        return data

    def _read(self, size: int) -> bytes:
        try:
            return self._read_piece(size) if self._left is not None else self._read_chunks(size)
        except errors.NoMoreData as error:
            raise _client_left() from error
        except errors.ParseException as error:
            raise ValueError("the body's chunks are malformed") from error

    def _read_chunks(self, size: int) -> bytes:
        """Read in pieces, with pauses in which other greenlets have a turn: chunks may be small."""
        pieces = []
        while size > 0:
            wanted = min(size, CHUNKED_PIECE_BYTES)
            pieces.append(self._read_piece(wanted))
            size = size - wanted if len(pieces[-1]) == wanted else 0
            gevent.sleep(0)
        return b"".join(pieces)

    def _read_piece(self, size: int) -> bytes:
        seconds = self._deadline - time.monotonic()
        late = TimeoutError("the body did not come in time")
        if seconds <= 0:
            raise late
        with gevent.Timeout(seconds, late):
            data: bytes = self._reader.read(size)
            return data

    def _count(self, data: bytes, size: int) -> None:
        if self._left is None:
            self.is_at_end = len(data) < size
            return
        if len(data) < min(size, self._left):
            raise _client_left()
        self._left -= len(data)
        self.is_at_end = self._left == 0


def watch(request: Any, seconds: float) -> BodyReader | None:
    """Let the request's body be read through a BodyReader. None if the request has no body."""
    reader = request.body.reader
    if isinstance(reader, LengthReader) and reader.length == 0:
        return None
    request.body.reader = watched = BodyReader(request, seconds)
    return watched


def linger(client: socket.socket) -> None:
    """Read for a moment what the client still sends, so that the client can read its answer.

    If a connection is closed with unread bytes, it is reset, and the client loses the answer.
    """
    with contextlib.suppress(OSError), gevent.Timeout(LINGER_SECONDS, False):  # type: ignore[arg-type]
        client.shutdown(socket.SHUT_WR)
        while client.recv(LINGER_READ_BYTES):
            # Without the pause, a client that sends fast would keep other greenlets from running.
            gevent.sleep(0)


def _client_left() -> ConnectionResetError:
    # This error number tells gunicorn not to log the error.
    return ConnectionResetError(errno.ECONNRESET, "the client left before the end of its body")
