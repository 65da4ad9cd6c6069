"""XSETID: set the counters of a stream."""

from dataclasses import dataclass, replace
from typing import ClassVar

from streams.commands.contract import OneStream
from streams.domain.arguments import Arguments
from streams.domain.errors import IdConflict, InvalidCommand, no_such_key, syntax_error
from streams.domain.ids import NO_ID, EntryId, parse_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.domain.streams import Stream
from streams.operations import locking
from streams.store import entries, session, streams


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

    def execute(self, plate: PlateId) -> None:
        """Set the counters. Raises NoSuchKey, IdConflict, InvalidCommand (XSETID-3, XSETID-4)."""
        with session.transaction():
            stream = locking.lock_stream(StreamName(plate, self.key))
            if stream is None:
                raise no_such_key()
            self._refuse_contradictions(stream)
            streams.save([self._applied(stream)])

    def reply(self, result: None) -> str:
        return "OK"

    def _refuse_contradictions(self, stream: Stream) -> None:
        if self.last_generated_id < stream.max_deleted_entry_id:
            raise IdConflict(
                "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
            )
        if stream.length == 0:
            return
        top = entries.greatest_id(stream)
        if top and self.last_generated_id < top:
            raise IdConflict(
                "ERR The ID specified in XSETID is smaller than the target stream top item"
            )
        if self.entries_added is not None and self.entries_added < stream.length:
            raise InvalidCommand(
                "ERR The entries_added specified in XSETID is smaller than the target stream length"
            )

    def _applied(self, stream: Stream) -> Stream:
        max_deleted = self.max_deleted_entry_id
        return replace(
            stream,
            last_generated_id=self.last_generated_id,
            entries_added=(
                stream.entries_added if self.entries_added is None else self.entries_added
            ),
            max_deleted_entry_id=(
                stream.max_deleted_entry_id if max_deleted in (None, NO_ID) else max_deleted
            ),
        )


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
