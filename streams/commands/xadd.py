"""XADD: append entries to a stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from streams import conf
from streams.commands.contract import Locks, OneStream
from streams.domain.arguments import Arguments
from streams.domain.entries import NewEntry, new_entry, size_of
from streams.domain.errors import Refusal, TooLarge, wrong_arity
from streams.domain.ids import EntryId, parse_add_id
from streams.domain.plates import PlateId, StreamName
from streams.domain.scopes import Scope
from streams.domain.trimming import Threshold, TrimOptions
from streams.operations import appending


@dataclass(frozen=True, slots=True)
class Add(OneStream):
    """XADD key [NOMKSTREAM] [<MAXLEN|MINID> [=|~] threshold [LIMIT n]] <* | id> field value …

    Replies with the new entry's ID, even if the trim of the same command removed it; null with
    NOMKSTREAM on a missing stream (XADD-12).
    """

    name: ClassVar = "XADD"
    arity: ClassVar = -5
    scope: ClassVar = Scope.WRITE

    key: str
    # Either all are added or none. Redis words can give only one.
    entries: Sequence[NewEntry]
    make_stream: bool = True
    # None: nothing is trimmed.
    trim: Threshold | None = None

    @property
    def locks(self) -> Locks:
        return Locks([self.key], makes_streams=self.make_stream)

    @classmethod
    def parse(cls, arguments: Arguments) -> "Add":
        """Check in the order of XADD-3. Raises InvalidCommand."""
        key = arguments.take()
        options = TrimOptions()
        make_stream = True
        while True:
            if arguments.take_keyword("NOMKSTREAM"):
                make_stream = False
            elif not options.take(arguments):
                break
        add_id = parse_add_id(arguments.take()) if arguments.left else None
        trim = options.threshold()
        fields = arguments.take_rest()
        if add_id is None or not fields or len(fields) % 2:
            raise wrong_arity("xadd")
        return cls(key, [new_entry(add_id, fields)], make_stream, trim)

    async def execute(self, plate: PlateId) -> list[EntryId] | None:
        """Append; returns the IDs in order, or None if the stream is missing and must not be made.

        Raises IdConflict, TooLarge, TooManyRequests, Unavailable.
        """
        (outcome,) = await execute_all(plate, [self])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    def reply(self, result: list[EntryId] | None) -> str | list[str] | None:
        return str(result[0]) if result else None


@dataclass(frozen=True, slots=True)
class AddSeveral(Add):
    """XADD of several entries at once, which Redis words cannot spell.

    Replies with the list of their IDs; with null where XADD does.
    """

    def reply(self, result: list[EntryId] | None) -> list[str] | None:
        return [str(entry_id) for entry_id in result] if result else None


async def execute_all(
    plate: PlateId, adds: Sequence[Add]
) -> Sequence[appending.AppendOutcome | TooLarge]:
    """Run several adds of one plate together, in order; each has its own outcome."""
    too_large = {index: refusal for index, add in enumerate(adds) if (refusal := _oversize(add))}
    appends = [
        appending.Append(StreamName(plate, add.key), add.entries, add.make_stream, add.trim)
        for index, add in enumerate(adds)
        if index not in too_large
    ]
    outcomes = iter(await appending.append(appends))
    return [too_large.get(index) or next(outcomes) for index in range(len(adds))]


def _oversize(add: Add) -> TooLarge | None:
    limit = conf.limit("STREAMS_MAX_ENTRY_BYTES")
    if any(size_of(entry.fields) > limit for entry in add.entries):
        return TooLarge(f"an entry may hold at most {limit} bytes of fields and values")
    return None
