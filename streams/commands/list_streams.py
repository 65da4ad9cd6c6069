"""List the streams of a plate, a page at a time."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from streams.domain.errors import InvalidQuery
from streams.domain.globs import Glob
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.store import streams
from streams.store.streams import StreamSummary

DEFAULT_COUNT = 100
LARGEST_COUNT = 1_000
"""How many streams a page may hold."""

LONGEST_SCAN = 10_000
"""How many streams are examined for one page. So with a pattern, a page may not be full."""

MOST_STEPS = 200_000_000
"""After how many steps of matching a page ends: about a tenth of a second."""


class Page(NamedTuple):
    """Some streams, and the key at which the next page starts; None: this is the last page."""

    streams: list[StreamSummary]
    next_key: bytes | None


@dataclass(frozen=True, slots=True)
class ListStreams:
    """One page of the plate's streams in byte order of their keys.

    Replies with {streams, cursor}. The cursor asks for the next page; it is null on the last one.
    """

    name: ClassVar = "SCAN"
    scope: ClassVar = Scope.READ
    can_block: ClassVar = False
    is_short: ClassVar = False

    match: str = "*"
    # From the reply with the previous page; empty: from the start.
    cursor: str = ""
    # How many streams the page holds at most.
    count: int = DEFAULT_COUNT

    async def execute(self, plate: PlateId) -> Page:
        """Raises InvalidQuery for a cursor that is not from a reply."""
        glob = Glob(self.match)
        start = _decoded(self.cursor)
        matching: list[StreamSummary] = []
        steps = 0
        looked_at = -1
        async for summary in streams.listed(plate, start):
            looked_at += 1
            if len(matching) == self.count or looked_at == LONGEST_SCAN or steps > MOST_STEPS:
                return Page(matching, summary.key.encode())
            steps += glob.steps(summary.key)
            if glob.matches(summary.key):
                matching.append(summary)
        return Page(matching, None)

    def reply(self, result: Page) -> dict[str, Any]:
        return {
            "streams": [
                {
                    "key": summary.key,
                    "length": summary.length,
                    "last_generated_id": summary.last_generated_id,
                    "groups": summary.groups,
                }
                for summary in result.streams
            ],
            "cursor": None if result.next_key is None else _encoded(result.next_key),
        }


def _encoded(key: bytes) -> str:
    return urlsafe_b64encode(key).decode()


def _decoded(cursor: str) -> bytes:
    try:
        return b64decode(cursor, altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidQuery("cursor must be one that a page gave") from error
