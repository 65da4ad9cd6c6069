"""Reads bodies of requests: the reader gets the whole body in time, or an error."""

import asyncio
import sys

from streams import conf
from streams.api.errors import HttpError
from streams.api.requests import ApiRequest, ClientLeftEarly
from streams.domain.errors import TooLarge


async def read(request: ApiRequest, most: int | None = None) -> bytes:
    """The request's body, of which it never reads more than a little beyond the limit.

    The limit is `most`, or STREAMS_MAX_BODY_BYTES if that is lower. Raises TooLarge over the limit;
    HttpError (408) if the body does not come within
    STREAMS_BODY_TIMEOUT_MS, and (400) if the client leaves before its end. After an error the
    connection is closed, because nobody knows where the next request begins.
    """
    limit = min(conf.limit("STREAMS_MAX_BODY_BYTES"), most or sys.maxsize)
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(conf.limit("STREAMS_BODY_TIMEOUT_MS") / 1000):
            return await _whole(request, limit)
    except TimeoutError as error:
        raise HttpError(408, "request_timeout", "the body did not come in time") from error
    except ClientLeftEarly as error:
        short = "the body is shorter than its request said"
        raise HttpError(400, "invalid_request", short) from error


async def _whole(request: ApiRequest, limit: int) -> bytes:
    pieces = [await request.next_piece()]
    size = len(pieces[0])
    while not request.is_read:
        if size > limit:
            break
        pieces.append(await request.next_piece())
        size += len(pieces[-1])
    if size > limit:
        raise _too_large(limit)
    return b"".join(pieces)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body may be at most {limit} bytes long")
