"""Delete a whole stream, as Redis' DEL does."""

from dataclasses import dataclass
from typing import ClassVar

from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.operations import deleting, locking
from streams.store import session


@dataclass(frozen=True, slots=True)
class DeleteStream:
    """Delete a stream with its entries, groups and pending entries (GEN-12).

    Replies with 1, or 0 if the stream does not exist.
    """

    name: ClassVar = "DEL"
    scope: ClassVar = Scope.MANAGE
    can_block: ClassVar = False
    is_short: ClassVar = False

    key: str

    async def execute(self, plate: PlateId) -> int:
        async with session.transaction():
            stream = await locking.lock_stream(StreamName(plate, self.key))
            if stream is None:
                return 0
            await deleting.delete_stream(stream)
            return 1

    def reply(self, result: int) -> int:
        return result
