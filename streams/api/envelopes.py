"""The envelope of every answer, as bytes of JSON.

A success is `{"ok": true, "data": …}`, a failure `{"ok": false, "error": {"code", "message", …}}`.
This module imports nothing but orjson: gunicorn's processes use it before the application and the
driver may be imported.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson


def success(data: Any) -> bytes:
    """The envelope of a success."""
    return orjson.dumps({"ok": True, "data": data})


async def success_in_parts(parts: AsyncGenerator[list[Any], None]) -> AsyncGenerator[bytes, None]:
    """The same bytes as `success({"result": […]})`, for a list that arrives in parts.

    There may be no part at all, but no part may be empty.
    """
    yield b'{"ok":true,"data":{"result":['
    separator = b""
    async with aclosing(parts):
        async for part in parts:
            yield separator + orjson.dumps(part)[1:-1]
            separator = b","
    yield b"]}}"


def failure(code: str, message: str, **details: Any) -> bytes:
    """The envelope of a failure; the details stand beside its code and message."""
    return orjson.dumps({"ok": False, "error": {"code": code, "message": message, **details}})
