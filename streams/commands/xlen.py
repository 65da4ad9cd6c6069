"""XLEN: count the entries of a stream."""

from dataclasses import dataclass
from typing import ClassVar

from streams.commands.contract import OneStream
from streams.domain.arguments import Arguments
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.store import streams


@dataclass(frozen=True, slots=True)
class Length(OneStream):
    """XLEN key

    Replies with the number of live entries; 0 for a missing stream (XLEN-1).
    """

    name: ClassVar = "XLEN"
    arity: ClassVar = 2
    scope: ClassVar = Scope.READ

    key: str

    @property
    def is_short(self) -> bool:
        return True

    @classmethod
    def parse(cls, arguments: Arguments) -> "Length":
        return cls(arguments.take())

    async def execute(self, plate: PlateId) -> int:
        stream = await streams.find(plate, self.key)
        return stream.length if stream else 0

    def reply(self, result: int) -> int:
        return result
