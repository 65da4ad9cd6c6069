"""XSETID: set the counters of a stream."""

from dataclasses import dataclass
from typing import ClassVar

from streams.commands.contract import OneStream
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand, syntax_error
from streams.domain.ids import EntryId, parse_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.operations.setting_counters import Counters, set_counters


@dataclass(frozen=True, slots=True)
class SetId(OneStream):
    """XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id]

    Replies with OK.
    """

    name: ClassVar = "XSETID"
    arity: ClassVar = -3
    scope: ClassVar = Scope.WRITE

    key: str
    last_generated_id: EntryId
    # None: not changed.
    entries_added: int | None = None
    # None or 0-0: not changed (XSETID-5).
    max_deleted_entry_id: EntryId | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "SetId":
        """Check in the order of XSETID-2. Raises InvalidCommand."""
        key, last_generated_id = arguments.take(), parse_id(arguments.take())
        entries_added = max_deleted = None
        while arguments.left:
            option = arguments.take_keyword("ENTRIESADDED", "MAXDELETEDID", followed_by=1)
            if option == "ENTRIESADDED":
                entries_added = _take_entries_added(arguments)
            elif option == "MAXDELETEDID":
                max_deleted = _take_max_deleted(arguments, last_generated_id)
            else:
                raise syntax_error()
        return cls(key, last_generated_id, entries_added, max_deleted)

    async def execute(self, plate: PlateId) -> None:
        """Set the counters. Raises NoSuchKey, IdConflict, InvalidCommand (XSETID-3, XSETID-4)."""
        counters = Counters(self.last_generated_id, self.entries_added, self.max_deleted_entry_id)
        await set_counters(StreamName(plate, self.key), counters)

    def reply(self, result: None) -> str:
        return "OK"


def _take_entries_added(arguments: Arguments) -> int:
    entries_added = arguments.take_integer()
    if entries_added < 0:
        raise InvalidCommand("ERR entries_added must be positive")
    return entries_added


def _take_max_deleted(arguments: Arguments, last_generated_id: EntryId) -> EntryId:
    max_deleted = parse_id(arguments.take())
    if last_generated_id < max_deleted:
        raise InvalidCommand(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
        )
    return max_deleted
