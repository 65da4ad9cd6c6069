"""Request bodies: JSON of bounded size, and nothing else."""

from email.message import Message
from typing import IO, Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from streams import conf
from streams.api.errors import HttpError
from streams.api.json import DuplicateMember, InvalidJson, loads
from streams.domain.errors import InvalidRequest, TooLarge


class JsonParser(BaseParser):
    """Reads `application/json`; a body without a Content-Type counts as such."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """The body's value. Raises HttpError (413, 415, 400), never reading beyond the limit."""
        request: Request = parser_context["request"]
        self._refuse_other_types(request.META.get("CONTENT_TYPE", ""))
        return _decoded(self._read(stream, request.META.get("CONTENT_LENGTH", "")))

    def _refuse_other_types(self, content_type: str) -> None:
        if content_type in ("", "application/json"):
            return
        header = Message()
        header["Content-Type"] = content_type
        subtype, charset = header.get_content_type(), header.get_content_charset("utf-8")
        if (
            subtype != self.media_type
            and not (subtype.startswith("application/") and subtype.endswith("+json"))
        ) or charset not in ("utf-8", "utf8"):
            raise HttpError(
                415, "unsupported_media_type", "the body must be application/json in UTF-8"
            )

    def _read(self, stream: IO[bytes], content_length: str) -> bytes:
        limit = conf.limit("STREAMS_MAX_BODY_BYTES")
        # A chunked body has no length: read it, but no further than it could be taken.
        length = int(content_length) if content_length else limit + 1
        body = b"" if content_length and length > limit else stream.read(min(length, limit + 1))
        if len(body) > limit or (content_length and length > limit):
            raise TooLarge(f"the body may be at most {limit} bytes long")
        return body


def _decoded(body: bytes) -> Any:
    try:
        return loads(body)
    except InvalidJson as error:
        raise HttpError(400, "invalid_json", f"the body is not valid JSON: {error}") from error
    except DuplicateMember as error:
        raise InvalidRequest(f"{error} is given twice") from error
