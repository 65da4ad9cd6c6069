"""List the streams of a plate, a page at a time."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from streams.commands.contract import Names, Scope
from streams.domain.errors import InvalidQuery
from streams.domain.globs import Glob
from streams.domain.plates import PlateId
from streams.store import streams
from streams.store.streams import StreamSummary

DEFAULT_COUNT = 100
LARGEST_COUNT = 1_000
"""How many streams a page holds."""

LONGEST_SCAN = 10_000
"""How many streams one page looks at, at most: with a pattern, a page may come back short."""

MOST_STEPS = 200_000_000
"""How many steps of matching one page takes, more or less: about a tenth of a second."""


class Page(NamedTuple):
    """Some streams, and where the next page starts; None: there is none."""

    streams: list[StreamSummary]
    next_key: bytes | None


@dataclass(frozen=True, slots=True)
class ListStreams:
    """One page of the plate's streams in byte order of their keys.

    Replies with {streams, cursor}: pass the cursor back for the next page; null ends the list.
    """

    name: ClassVar = "SCAN"
    scope: ClassVar = Scope.READ
    can_block: ClassVar = False
    names: ClassVar = Names()

    match: str = "*"
    # What the page before replied.
    cursor: str = ""
    # The most streams that a page holds.
    count: int = DEFAULT_COUNT

    def execute(self, plate: PlateId) -> Page:
        """Raises InvalidQuery for a cursor that no page gave."""
        glob = Glob(self.match)
        start = _decoded(self.cursor)
        matching: list[StreamSummary] = []
        steps = 0
        for looked_at, summary in enumerate(streams.listed(plate, start)):
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
