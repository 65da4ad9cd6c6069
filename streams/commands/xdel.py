"""XDEL: delete entries by their IDs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams.commands.contract import OneStream, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import Refusal
from streams.domain.ids import EntryId, parse_ids
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.operations import deleting, locking
from streams.store import session


@dataclass(frozen=True, slots=True)
class Delete(OneStream):
    """XDEL key id [id …]

    Replies with the number of entries deleted (XDEL-1). For a missing stream it replies with 0,
    even if an ID is malformed (XDEL-2).
    """

    name: ClassVar = "XDEL"
    arity: ClassVar = -3
    scope: ClassVar = Scope.WRITE

    key: str
    # A malformed ID is refused only if the stream exists.
    ids: Sequence[EntryId] | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Delete":
        key = arguments.take()
        check_number(arguments.left, "IDs")
        return cls(key, parse_ids(arguments.take_rest()))

    async def execute(self, plate: PlateId) -> int:
        """Delete all IDs; if one is malformed, none. Raises InvalidCommand."""
        async with session.transaction():
            stream = await locking.lock_stream(StreamName(plate, self.key))
            if stream is None:
                return 0
            if isinstance(self.ids, Refusal):
                raise self.ids
            return await deleting.delete_entries(stream, set(self.ids))

    def reply(self, result: int) -> int:
        return result
