"""Request bodies: JSON of bounded size, and nothing else."""

from collections.abc import Mapping
from email.message import Message
from typing import Any

from streams.api import bodies
from streams.api.errors import HttpError
from streams.api.json import DuplicateMember, InvalidJson, TooDeeplyNested, loads
from streams.api.requests import ApiRequest
from streams.domain.errors import InvalidRequest


async def parse_body(request: ApiRequest) -> Any:
    """The body's value; a body without a Content-Type counts as JSON.

    Raises HttpError (415, 408, 400), Refusal (413).
    """
    _refuse_other_types(request.META.get("CONTENT_TYPE", ""))
    _refuse_encodings(request.META)
    body = await bodies.read(request)
    try:
        return loads(body)
    except InvalidJson as error:
        problem = f"valid JSON: {error}" if _is_utf8(body) else "UTF-8"
        raise HttpError(400, "invalid_json", f"the body is not {problem}") from error
    except TooDeeplyNested as error:
        raise HttpError(400, "invalid_json", f"the body may have {error}") from error
    except DuplicateMember as error:
        raise InvalidRequest(f"{error} is given twice") from error


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_other_types(content_type: str) -> None:
    if content_type in ("", "application/json"):
        return
    header = Message()
    header["Content-Type"] = content_type
    subtype, charset = header.get_content_type(), header.get_content_charset("utf-8")
    is_json = subtype == "application/json" or (
        subtype.startswith("application/") and subtype.endswith("+json")
    )
    if not is_json or charset not in ("utf-8", "utf8"):
        raise HttpError(415, "unsupported_media_type", "the body must be application/json in UTF-8")


_PLAIN = {"Content-Encoding": ("", "identity"), "Transfer-Encoding": ("", "chunked")}
"""The values by which these headers say that the body is not compressed."""


def _refuse_encodings(meta: Mapping[str, Any]) -> None:
    for header, plain in _PLAIN.items():
        name = "HTTP_" + header.upper().replace("-", "_")
        if meta.get(name, "").strip().lower() not in plain:
            raise HttpError(
                415,
                "unsupported_media_type",
                f"a body with this {header} is not taken: send it uncompressed",
                {"Accept-Encoding": "identity"},
            )
