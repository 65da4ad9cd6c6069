"""Search for names that are written as the console shows them."""

from urllib.parse import quote

from django.http import QueryDict

from streams.admin import shown
from streams.fields import NameContains, NameField


@NameField.register_lookup
class NameShows(NameContains):
    """`name__shows`: the name contains what the console would show as this text."""

    lookup_name = "shows"

    def get_prep_lookup(self) -> bytes:
        return shown.meant(self.rhs).encode()


def as_shown(text: str) -> str:
    """The text with each NUL as the console shows it: columns of text and forms refuse NULs."""
    return text.replace("\0", shown.plain("\0"))


def all_as_shown(query: QueryDict) -> QueryDict:
    """The same for all texts of a URL's query."""
    return QueryDict(query.urlencode().replace("%00", quote(shown.plain("\0"))))
