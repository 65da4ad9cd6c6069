"""Tickets: with one, a client that cannot send a header opens a tail.

A browser's EventSource has only a URL, and a key must never stand in one. A ticket may: it
opens tails of a few streams within a minute, and allows nothing else.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from django.core import signing
from django.http import HttpRequest

from streams import conf
from streams.api.authentication import known_key
from streams.api.errors import denied
from streams.domain.errors import TooLarge
from streams.domain.ids import MAX_ID
from streams.domain.scopes import Scope
from streams.store.api_keys import KnownKey

LIFE_SECONDS = 60
"""How long after it was made a ticket opens a tail."""

_SALT = "streams.tail"


def mint(holder: KnownKey, keys: Sequence[str]) -> str:
    """A ticket for the tails of any of these streams. It stops working when the key does.

    Raises TooLarge if a tail of all of them could not be opened and resumed with it.
    """
    ticket = signing.dumps([holder.id, holder.plate_name, list(keys)], salt=_SALT, compress=True)
    length = len(_longest_line(holder.plate_name, keys, ticket))
    limit = conf.limit("REQUEST_LINE_BYTES")
    if length > limit:
        raise TooLarge(
            f"keys are too many or too long for one ticket: the first line of the request that"
            f" tails them would have {length} bytes, and {limit} are allowed"
        )
    return ticket


def _longest_line(plate_name: str, keys: Sequence[str], ticket: str) -> str:
    """The first line of a request that resumes a tail of all the streams, every ID the longest."""
    query = {
        "ticket": ticket,
        "from": MAX_ID,
        "last_event_id": ",".join([str(MAX_ID)] * len(keys)),
        "key": keys,
    }
    parameters = urlencode(query, doseq=True, quote_via=quote)
    return f"GET /{plate_name}/streams/tail?{parameters} HTTP/1.1"


async def authenticate_ticket(
    request: HttpRequest, names: Mapping[str, str]
) -> tuple[KnownKey, Scope] | None:
    """An `Authenticator` of `?ticket=…`, where a tail is opened."""
    ticket = request.GET.get("ticket")
    if ticket is None:
        return None
    try:
        holder_id, plate_name, keys = signing.loads(ticket, salt=_SALT, max_age=LIFE_SECONDS)
    except signing.BadSignature as error:
        raise denied() from error
    wanted = [names["key"]] if "key" in names else request.GET.getlist("key")
    holder = await known_key(plate_name, holder_id)
    if holder is None or plate_name != names["plate"] or not set(wanted) <= set(keys):
        raise denied()
    return holder, Scope.READ
