"""XTRIM: remove the oldest entries of a stream."""

from dataclasses import dataclass
from typing import ClassVar

from streams.commands.contract import OneStream
from streams.domain.arguments import Arguments
from streams.domain.errors import syntax_error
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.domain.trimming import Threshold, TrimOptions
from streams.operations import locking, trimming
from streams.store import session


@dataclass(frozen=True, slots=True)
class Trim(OneStream):
    """XTRIM key <MAXLEN|MINID> [=|~] threshold [LIMIT n]

    Replies with the number of entries removed; 0 for a missing stream (TRIM-12).
    """

    name: ClassVar = "XTRIM"
    arity: ClassVar = -4
    scope: ClassVar = Scope.WRITE

    key: str
    threshold: Threshold

    @classmethod
    def parse(cls, arguments: Arguments) -> "Trim":
        """Check in the order of TRIM-11. Raises InvalidCommand."""
        key = arguments.take()
        options = TrimOptions()
        while arguments.left:
            if not options.take(arguments):
                raise syntax_error()
        return cls(key, options.required_threshold())

    async def execute(self, plate: PlateId) -> int:
        async with session.transaction():
            stream = await locking.lock_stream(StreamName(plate, self.key))
            return await trimming.trim_and_save(stream, self.threshold) if stream else 0

    def reply(self, result: int) -> int:
        return result
