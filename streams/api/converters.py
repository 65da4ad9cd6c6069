"""Names in a path, which the router sees still percent-encoded."""

from urllib.parse import quote, unquote_to_bytes


class NameConverter:
    """A name of a stream, group or consumer: one segment, decoded once.

    Bytes that are not UTF-8 come as lone surrogates, for the view to refuse.
    """

    regex = "[^/]*"

    def to_python(self, segment: str) -> str:
        return unquote_to_bytes(segment).decode("utf-8", "surrogateescape")

    def to_url(self, name: str) -> str:
        return quote(name, safe="")


class PlateConverter(NameConverter):
    """A plate's name. Any text is accepted, because no key is valid for an unknown plate."""

    regex = "[^/]+"
