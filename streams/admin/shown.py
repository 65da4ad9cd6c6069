"""Values as the console shows them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from streams.domain.ids import EntryId

MAX_CHARACTERS_IN_LIST = 40
"""How many characters of a name a list shows; the row's own page shows all of them."""

# The escapes that `plain` writes. Halves of surrogate pairs are no characters: no name has them.
_ESCAPE = re.compile(
    r"\\(?:[\\nrt]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    r"|U00(?:0[0-9a-fA-F]|10)(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(name: str) -> str:
    """A name in printable characters. Other characters and the backslash become Python's escapes.

    This makes a NUL visible, and keeps characters that reverse the direction of text from doing so.
    """
    if not name:
        return '""'
    return "".join(_printable(character) for character in name)


def _printable(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    return character.encode("unicode_escape").decode("ascii")


def meant(text: str) -> str:
    """The name, or part of a name, that `plain` shows as this text."""
    return _ESCAPE.sub(lambda escape: escape[0].encode().decode("unicode_escape"), text)


def short(name: str) -> SafeString:
    """A name for a list."""
    text = plain(name)
    if len(text) > MAX_CHARACTERS_IN_LIST:
        text = f"{text[:MAX_CHARACTERS_IN_LIST]}…"
    return isolated(text)


def whole(name: str) -> SafeString:
    """A name for its own page."""
    return isolated(plain(name))


def isolated(text: str) -> SafeString:
    """Text that does not pass its direction, such as right to left, on to the text beside it."""
    return format_html("<bdi>{}</bdi>", text)


def entry_id(ms: int, seq: int) -> str:
    """An entry's ID as clients see it."""
    return str(EntryId(ms, seq))


def instant(at: datetime | None, otherwise: str = "-") -> str:
    """An instant in UTC, to the millisecond; `otherwise` if there is none."""
    if at is None:
        return otherwise
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'milliseconds')} UTC"


def unix_ms(at: int | None, otherwise: str = "-") -> str:
    """An instant that is stored in Unix milliseconds."""
    if at is None:
        return otherwise
    try:
        return instant(_EPOCH + timedelta(milliseconds=at), otherwise)
    except OverflowError:
        # The year is after 9999, which Python's dates cannot hold.
        return f"{at} ms"


def link(text: str, page: str, *args: int, query: Mapping[str, int] | None = None) -> SafeString:
    """A link to a page of the console: `stream_changelist`, say, or `stream_change` with an id."""
    url = reverse(f"admin:streams_{page}", args=args)
    if query:
        url = f"{url}?{urlencode(query)}"
    # Unfold itself does not make links in cells look like links.
    return format_html(
        '<a class="text-primary-600 hover:underline dark:text-primary-500" href="{}">{}</a>',
        url,
        text,
    )
