"""Replies that are sent in parts, to clients that may be slow to read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streams import conf


@contextmanager
def sending_bounded(connection: Any) -> Iterator[None]:
    """Close the connection if, during the body, its client does not read.

    A client may read nothing of a part for STREAMS_TAIL_SEND_TIMEOUT_MS. Without a connection
    (None), as in tests, nothing is bounded.
    """
    if connection is None:
        yield
        return
    usual = connection.gettimeout()
    connection.settimeout(conf.limit("STREAMS_TAIL_SEND_TIMEOUT_MS") / 1000)
    try:
        yield
    finally:
        # The next request on this connection has bounds of its own.
        connection.settimeout(usual)
