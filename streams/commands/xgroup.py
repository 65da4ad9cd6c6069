"""XGROUP: create, move and remove consumer groups and consumers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from streams.commands.contract import Help, Locks, OneConsumer, OneGroup
from streams.domain.arguments import Arguments
from streams.domain.errors import (
    InvalidCommand,
    Refusal,
    sub_syntax_error,
)
from streams.domain.ids import EntryId, parse_id, parse_loose_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.domain.streams import Stream
from streams.operations import grouping

LastDelivered = EntryId | Literal["$"] | Refusal
"""The new last-delivered-id of a group: an ID, or `$` for the stream's last-generated-id. A
refusal: the text was neither; it is raised only if the stream exists."""

MOST_CREATE_WORDS = 6
"""How many words may follow XGROUP CREATE: eight with these two (XGROUP-1)."""

SET_ID_WORDS = (3, 5)
"""How many words may follow XGROUP SETID: five or seven with these two (XGROUP-9)."""


@dataclass(frozen=True, slots=True)
class CreateGroup(OneGroup):
    """XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD n]

    Replies with OK.
    """

    name: ClassVar = "XGROUP CREATE"
    arity: ClassVar = -5
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    last_delivered: LastDelivered
    make_stream: bool = False
    # None: unknown.
    entries_read: int | None = None
    # The refusal of too many words, which is raised only if the stream exists (XGROUP-2).
    surplus: Refusal | None = None

    @property
    def locks(self) -> Locks:
        return Locks([self.key], makes_streams=self.make_stream)

    @classmethod
    def parse(cls, arguments: Arguments) -> "CreateGroup":
        """Check in the order of XGROUP-2. Raises InvalidCommand."""
        word_count = arguments.left
        key, group, text = arguments.take(), arguments.take(), arguments.take()
        options = _parse_options(arguments, may_make_stream=True)
        surplus = (
            sub_syntax_error("XGROUP", arguments.subcommand)
            if word_count > MOST_CREATE_WORDS
            else None
        )
        return cls(
            key,
            group,
            parse_last_delivered(text),
            options.make_stream,
            options.entries_read,
            surplus,
        )

    async def execute(self, plate: PlateId) -> None:
        """Raises NoSuchKey, InvalidCommand, BusyGroup; then no stream is made either."""
        name = StreamName(plate, self.key)
        async with grouping.stream_locked(name, make=self.make_stream) as stream:
            if self.surplus:
                raise self.surplus
            last_delivered_id = _resolved(self.last_delivered, stream)
            await grouping.create(stream, self.group, last_delivered_id, self.entries_read)

    def reply(self, result: None) -> str:
        return "OK"


@dataclass(frozen=True, slots=True)
class SetGroupId(OneGroup):
    """XGROUP SETID key group <id | $> [ENTRIESREAD n]

    Replies with OK. Pending entries stay, and waiting readers are not woken (XGROUP-11).
    """

    name: ClassVar = "XGROUP SETID"
    arity: ClassVar = -5
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    last_delivered: LastDelivered
    # None: unknown.
    entries_read: int | None = None
    # The refusal of a wrong number of words, which is raised only if the group exists.
    surplus: Refusal | None = None

    @classmethod
    def parse(cls, arguments: Arguments) -> "SetGroupId":
        """Check in the order of XGROUP-9. Raises InvalidCommand."""
        word_count = arguments.left
        key, group, text = arguments.take(), arguments.take(), arguments.take()
        options = _parse_options(arguments)
        surplus = (
            None if word_count in SET_ID_WORDS else sub_syntax_error("XGROUP", arguments.subcommand)
        )
        return cls(key, group, _parse_loosely(text), options.entries_read, surplus)

    async def execute(self, plate: PlateId) -> None:
        """Raises NoSuchKey, NoGroup, InvalidCommand."""
        async with grouping.group_locked(plate, self.key, self.group) as (stream, group):
            if self.surplus:
                raise self.surplus
            await grouping.move(group, _resolved(self.last_delivered, stream), self.entries_read)

    def reply(self, result: None) -> str:
        return "OK"


@dataclass(frozen=True, slots=True)
class DestroyGroup(OneGroup):
    """XGROUP DESTROY key group

    Replies with 1, or 0 if there is no such group. Readers that wait with it are refused (BLK-13).
    """

    name: ClassVar = "XGROUP DESTROY"
    arity: ClassVar = 4
    scope: ClassVar = Scope.WRITE

    key: str
    group: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "DestroyGroup":
        return cls(arguments.take(), arguments.take())

    async def execute(self, plate: PlateId) -> int:
        """Raises NoSuchKey."""
        return int(await grouping.destroy(plate, self.key, self.group))

    def reply(self, result: int) -> int:
        return result


@dataclass(frozen=True, slots=True)
class CreateConsumer(OneConsumer):
    """XGROUP CREATECONSUMER key group consumer

    Replies with 1, or 0 if the consumer exists, which changes nothing (XGROUP-13).
    """

    name: ClassVar = "XGROUP CREATECONSUMER"
    arity: ClassVar = 5
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "CreateConsumer":
        return cls(arguments.take(), arguments.take(), arguments.take())

    async def execute(self, plate: PlateId) -> int:
        """Raises NoSuchKey, NoGroup."""
        return int(await grouping.create_consumer(plate, self.key, self.group, self.consumer))

    def reply(self, result: int) -> int:
        return result


@dataclass(frozen=True, slots=True)
class DeleteConsumer(OneConsumer):
    """XGROUP DELCONSUMER key group consumer

    Replies with the number of pending entries removed with it; 0 for an unknown consumer.
    """

    name: ClassVar = "XGROUP DELCONSUMER"
    arity: ClassVar = 5
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str

    @classmethod
    def parse(cls, arguments: Arguments) -> "DeleteConsumer":
        return cls(arguments.take(), arguments.take(), arguments.take())

    async def execute(self, plate: PlateId) -> int:
        """Raises NoSuchKey, NoGroup."""
        return await grouping.delete_consumer(plate, self.key, self.group, self.consumer)

    def reply(self, result: int) -> int:
        return result


class GroupHelp(Help):
    """XGROUP HELP

    Replies with lines of text (XGROUP-15).
    """

    name: ClassVar = "XGROUP HELP"
    lines: ClassVar = (
        "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a consumer group. Options are:",
        "    * MKSTREAM",
        "      Create an empty stream if there is none.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's read counter.",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a consumer in a group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove a consumer with its pending entries.",
        "DESTROY <key> <groupname>",
        "    Remove a consumer group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the group's last delivered ID, and its read counter.",
        "HELP",
        "    Print this help.",
    )


def parse_last_delivered(text: str) -> LastDelivered:
    """The ID of XGROUP CREATE (XGROUP-4)."""
    return _read_last_delivered(text, parse_id)


def check_entries_read(entries_read: int) -> int | None:
    """The value of ENTRIESREAD; None, for -1: unknown. Raises InvalidCommand (XGROUP-2)."""
    if entries_read < -1:
        raise InvalidCommand("ERR value for ENTRIESREAD must be positive or -1")
    return None if entries_read == -1 else entries_read


@dataclass(slots=True)
class _Options:
    make_stream: bool = False
    entries_read: int | None = None


def _parse_options(arguments: Arguments, *, may_make_stream: bool = False) -> _Options:
    options = _Options()
    while arguments.left:
        if may_make_stream and arguments.take_keyword("MKSTREAM"):
            options.make_stream = True
        elif arguments.take_keyword("ENTRIESREAD", followed_by=1):
            options.entries_read = check_entries_read(arguments.take_integer())
        else:
            raise sub_syntax_error("XGROUP", arguments.subcommand)
    return options


def _parse_loosely(text: str) -> LastDelivered:
    """The ID of XGROUP SETID, which may also be `-` or `+` (XGROUP-11)."""
    return _read_last_delivered(text, parse_loose_id)


def _read_last_delivered(text: str, parse: Callable[[str], EntryId]) -> LastDelivered:
    if text == "$":
        return "$"
    try:
        return parse(text)
    except InvalidCommand as refusal:
        return refusal


def _resolved(last_delivered: LastDelivered, stream: Stream) -> EntryId:
    if isinstance(last_delivered, Refusal):
        raise last_delivered
    return stream.last_generated_id if last_delivered == "$" else last_delivered
