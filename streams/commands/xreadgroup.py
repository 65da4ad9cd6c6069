"""XREADGROUP: read with a consumer group: new entries, or the consumer's own pending ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import orjson

from streams import clock
from streams.commands.contract import Locks, Names, capped_block_ms, check_number
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand
from streams.domain.ids import MAX_ID, parse_id
from streams.domain.plates import PlateId
from streams.domain.read_options import parse_read_options
from streams.domain.scopes import Scope
from streams.operations import blocking, delivering
from streams.operations.delivering import (
    DeliveredByKey,
    DeliveredEntries,
    GroupAfter,
    GroupPosition,
    GroupRead,
)
from streams.rounds.bounds import blocked_readers
from streams.store.entries import Rendered
from streams.store.pending import HistoryItem


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key [key …] id [id …]

    Replies with an object from key to entries; null if it is empty (XRG-8 to XRG-17). `>` delivers
    new entries to this consumer; the stream is in the reply only if it has some. An ID shows the
    consumer's own pending entries above it, with null instead of the fields if an entry is gone;
    the stream is always in the reply.
    """

    name: ClassVar = "XREADGROUP"
    arity: ClassVar = -7
    scope: ClassVar = Scope.WRITE
    can_block: ClassVar = True
    is_short: ClassVar = False

    group: str
    consumer: str
    positions: Sequence[GroupPosition]
    # Entries per stream; None: all.
    count: int | None = None
    # None: reply at once; 0: wait as long as the server allows.
    block_ms: int | None = None
    # NOACK: new entries do not go on the pending entries list.
    no_ack: bool = False

    @property
    def keys(self) -> Sequence[str]:
        """The keys in the order of the command; a key may be there twice."""
        return [position.key for position in self.positions]

    @property
    def names(self) -> Names:
        return Names(self.keys, [self.group], [self.consumer])

    @property
    def locks(self) -> Locks:
        return Locks(self.keys, [(key, self.group) for key in self.keys])

    @classmethod
    def parse(cls, arguments: Arguments) -> "ReadGroup":
        """Check in the order of XRG-1 to XRG-3. Raises InvalidCommand, TooLarge."""
        options = parse_read_options(arguments, command="xreadgroup", now_ms=clock.now_ms())
        if options.group is None:
            raise InvalidCommand("ERR Missing GROUP option for XREADGROUP")
        check_number(len(options.streams), "streams")
        group, consumer = options.group
        return cls(
            group,
            consumer,
            [GroupPosition(key, parse_after(text)) for key, text in options.streams],
            options.count,
            options.block_ms,
            options.no_ack,
        )

    def without_blocking(self) -> "ReadGroup":
        return replace(self, block_ms=None)

    async def execute(self, plate: PlateId) -> DeliveredByKey:
        """Raises NoGroup or InvalidCommand, and has then delivered nothing."""
        read = GroupRead(plate, self.group, self.consumer, self.positions, self.count, self.no_ack)
        if self.block_ms is None or not read.is_only_of_new:
            return await delivering.deliver(read)
        with blocked_readers.admitted(plate):
            return await blocking.deliver_or_wait(read, capped_block_ms(self.block_ms))

    def reply(self, result: DeliveredByKey) -> dict[str, Rendered] | None:
        return {key: _as_list(parts) for key, parts in result.items()} or None


def parse_after(text: str) -> GroupAfter:
    """The ID of an XREADGROUP stream (XRG-5 to XRG-7)."""
    if text == ">":
        return ">"
    if text in ("$", "+"):
        return InvalidCommand(
            f"ERR The {text} ID is meaningless in the context of XREADGROUP: you want to read"
            " the history of this consumer by specifying a proper ID, or use the > ID to get new"
            f" messages. The {text} ID would just return an empty result set."
        )
    try:
        entry_id = parse_id(text)
    except InvalidCommand as refusal:
        return refusal
    return ">" if entry_id == MAX_ID else entry_id


def _as_list(parts: Sequence[DeliveredEntries | list[HistoryItem]]) -> Rendered:
    """All parts as one JSON list."""
    elements = [
        part.elements if isinstance(part, DeliveredEntries) else _elements_of(part)
        for part in parts
    ]
    return Rendered(f"[{','.join(filter(None, elements))}]")


def _elements_of(history: list[HistoryItem]) -> str:
    shown = [
        [str(item.entry_id), None] if item.rendered is None else item.rendered for item in history
    ]
    return orjson.dumps(shown)[1:-1].decode()
