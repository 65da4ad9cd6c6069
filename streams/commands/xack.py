"""XACK: acknowledge entries, which takes them off the pending entries list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams.commands.contract import OneGroup, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import Refusal
from streams.domain.ids import EntryId, parse_ids
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.operations import acknowledging
from streams.store import groups


@dataclass(frozen=True, slots=True)
class Acknowledge(OneGroup):
    """XACK key group id [id …]

    Replies with the number of pending entries removed, whoever owned them. For a missing stream or
    group it replies with 0, even if an ID is malformed (XACK-1, XACK-2).
    """

    name: ClassVar = "XACK"
    arity: ClassVar = -4
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    # A malformed ID is refused only if the group exists.
    ids: Sequence[EntryId] | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Acknowledge":
        key, group = arguments.take(), arguments.take()
        check_number(arguments.left, "IDs")
        return cls(key, group, parse_ids(arguments.take_rest()))

    async def execute(self, plate: PlateId) -> int:
        """Acknowledge all IDs; if one is malformed, none. Raises InvalidCommand."""
        if not isinstance(self.ids, Refusal):
            return await acknowledging.acknowledge(plate, self.key, self.group, set(self.ids))
        if await groups.find(plate, self.key, self.group) is None:
            return 0
        raise self.ids

    def reply(self, result: int) -> int:
        return result
