"""Replies that are sent in parts, to clients that may be slow to take them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streams import conf


@contextmanager
def sending_bounded(connection: Any) -> Iterator[None]:
    """Run the body with a client that is let go if it does not read; None: it is not known.

    Whoever takes none of a part for STREAMS_TAIL_SEND_TIMEOUT_MS has its connection closed.
    """
    if connection is None:
        yield
        return
    usual = connection.gettimeout()
    connection.settimeout(conf.limit("STREAMS_TAIL_SEND_TIMEOUT_MS") / 1000)
    try:
        yield
    finally:
        # The next request on this connection has its own bounds.
        connection.settimeout(usual)
