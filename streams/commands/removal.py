"""XDEL, XTRIM, XSETID and the deletion of a stream: take entries away, and set the counters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from streams import wakeups
from streams.commands.contract import OneStream, Scope, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import IdConflict, InvalidCommand, Refusal, no_such_key, syntax_error
from streams.domain.ids import NO_ID, EntryId, parse_id, parse_ids
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream
from streams.domain.trimming import Trim as Bound
from streams.domain.trimming import TrimOptions
from streams.store import deletion, entries, groups, session, streams, trimming


@dataclass(frozen=True, slots=True)
class Delete(OneStream):
    """XDEL key id [id …]

    Replies with the number of entries that were there and are removed (XDEL-1). On a missing
    stream it does not matter what the IDs are (XDEL-2).
    """

    name: ClassVar = "XDEL"
    arity: ClassVar = -3
    scope: ClassVar = Scope.WRITE

    key: str
    # A malformed ID is told only once the stream is known.
    ids: Sequence[EntryId] | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Delete":
        key = arguments.take()
        check_number(arguments.left, "IDs")
        return cls(key, parse_ids(arguments.take_rest()))

    def execute(self, plate: PlateId) -> int:
        """Delete all or, if one ID is malformed, none. Raises InvalidCommand."""
        with session.transaction():
            stream = streams.lock(StreamName(plate, self.key))
            if stream is None:
                return 0
            if isinstance(self.ids, Refusal):
                raise self.ids
            stream, removed = deletion.delete(stream, set(self.ids))
            if removed:
                streams.save([stream])
            return removed

    def reply(self, result: int) -> int:
        return result


@dataclass(frozen=True, slots=True)
class Trim(OneStream):
    """XTRIM key <MAXLEN|MINID> [=|~] threshold [LIMIT n]

    Replies with the number of entries removed; 0 for a missing stream (TRIM-12).
    """

    name: ClassVar = "XTRIM"
    arity: ClassVar = -4
    scope: ClassVar = Scope.WRITE

    key: str
    bound: Bound

    @classmethod
    def parse(cls, arguments: Arguments) -> "Trim":
        """Check in the order of TRIM-11. Raises InvalidCommand."""
        key = arguments.take()
        options = TrimOptions()
        while arguments.left:
            if not options.take(arguments):
                raise syntax_error()
        bound = options.trim(required=True)
        assert bound is not None
        return cls(key, bound)

    def execute(self, plate: PlateId) -> int:
        with session.transaction():
            stream = streams.lock(StreamName(plate, self.key))
            if stream is None:
                return 0
            stream, removed = trimming.trim(stream, self.bound)
            if removed:
                streams.save([stream])
            return removed

    def reply(self, result: int) -> int:
        return result


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
    # None: left as it is.
    entries_added: int | None = None
    # None or 0-0: left as it is (XSETID-5).
    max_deleted_entry_id: EntryId | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "SetId":
        """Check in the order of XSETID-2. Raises InvalidCommand."""
        key, last_id = arguments.take(), parse_id(arguments.take())
        entries_added = max_deleted = None
        while arguments.left:
            option = arguments.take_keyword("ENTRIESADDED", "MAXDELETEDID", followed_by=1)
            if option == "ENTRIESADDED":
                entries_added = _parse_entries_added(arguments)
            elif option == "MAXDELETEDID":
                max_deleted = _parse_max_deleted(arguments, last_id)
            else:
                raise syntax_error()
        return cls(key, last_id, entries_added, max_deleted)

    def execute(self, plate: PlateId) -> None:
        """Set the counters. Raises NoSuchKey, IdConflict (XSETID-3, XSETID-4)."""
        with session.transaction():
            stream = streams.lock(StreamName(plate, self.key))
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
        top = entries.last_id(stream)
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


@dataclass(frozen=True, slots=True)
class DeleteStream:
    """Remove a stream with its entries, groups and pending entries, as DEL does (GEN-12).

    Replies with 1, or 0 if there is none.
    """

    scope: ClassVar = Scope.MANAGE

    key: str

    def execute(self, plate: PlateId) -> int:
        name = StreamName(plate, self.key)
        with session.transaction():
            stream = streams.lock(name)
            if stream is None:
                return 0
            # What is delivered meanwhile would be left without its group.
            groups.lock_all_of(stream)
            streams.delete(stream)
            # Readers that wait with a group are to learn that it is gone (BLK-11).
            session.after_commit(lambda: wakeups.announce([name]))
            return 1

    def reply(self, result: int) -> int:
        return result


def _parse_entries_added(arguments: Arguments) -> int:
    entries_added = arguments.take_integer()
    if entries_added < 0:
        raise InvalidCommand("ERR entries_added must be positive")
    return entries_added


def _parse_max_deleted(arguments: Arguments, last_id: EntryId) -> EntryId:
    max_deleted = parse_id(arguments.take())
    if last_id < max_deleted:
        raise InvalidCommand(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
        )
    return max_deleted
