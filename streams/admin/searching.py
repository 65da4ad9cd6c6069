"""Searching for names, written as the console shows them."""

from urllib.parse import quote

from django.http import QueryDict

from streams.admin import shown
from streams.fields import NameContains, NameField


@NameField.register_lookup
class NameShows(NameContains):
    """`name__shows`: what this text shows is somewhere in the name."""

    lookup_name = "shows"

    def get_prep_lookup(self) -> bytes:
        return shown.meant(self.rhs).encode()


def as_shown(text: str) -> str:
    """A text without NUL, which neither columns of text nor forms take: one stands as shown."""
    return text.replace("\0", shown.plain("\0"))


def all_as_shown(query: QueryDict) -> QueryDict:
    """The same for all that a URL's query holds."""
    return QueryDict(query.urlencode().replace("%00", quote(shown.plain("\0"))))
