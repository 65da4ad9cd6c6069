"""XREADGROUP and XACK: hand entries to the consumers of a group, and take their receipts."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from streams import wakeups
from streams.bounds import blocked_readers
from streams.commands import clock
from streams.commands.conflicts import tried_again
from streams.commands.contract import OneGroup, Scope, capped_block_ms, check_number
from streams.commands.turns import Turns
from streams.commands.waiting_line import WaitingLine, courtesy_seconds
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand, Refusal
from streams.domain.groups import ConsumerGroup, no_group_to_read
from streams.domain.ids import MAX_ID, EntryId, parse_id, parse_ids
from streams.domain.lag import entries_read_after
from streams.domain.plates import PlateId, StreamName
from streams.domain.reading import parse_read_options
from streams.store import consumers, deliveries, groups, pending, session
from streams.store.session import Answer

Start = EntryId | None | Refusal
"""Read the consumer's history above an ID; None for `>`, new entries; or why the text is none."""

Found = dict[str, list[Any]]


class GroupPosition(NamedTuple):
    """A stream and where to start in it."""

    key: str
    start: Start


@dataclass(frozen=True, slots=True)
class ReadGroup:
    """XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key [key …] id [id …]

    Replies with an object from key to entries. `>` delivers new entries to this consumer; its
    stream is there only if it has some. An ID shows the consumer's own pending entries above it,
    null in place of the fields of one that is gone; its stream is always there. Null if there
    is nothing at all (XRG-8 to XRG-17).
    """

    name: ClassVar = "XREADGROUP"
    arity: ClassVar = -7
    scope: ClassVar = Scope.WRITE

    group: str
    consumer: str
    positions: Sequence[GroupPosition]
    # Entries per stream; None: all.
    count: int | None = None
    # None: answer at once; 0: wait as long as the server allows.
    block_ms: int | None = None
    # New entries go on no pending entries list.
    no_ack: bool = False

    @property
    def keys(self) -> Sequence[str]:
        return [position.key for position in self.positions]

    @property
    def groups(self) -> Sequence[tuple[str, str]]:
        return [(key, self.group) for key in self.keys]

    @property
    def makes_stream(self) -> bool:
        return False

    def without_blocking(self) -> "ReadGroup":
        return replace(self, block_ms=None)

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
            [GroupPosition(key, parse_start(text)) for key, text in options.streams],
            options.count,
            options.block_ms,
            options.no_ack,
        )

    def execute(self, plate: PlateId) -> Found | None:
        """Raises NoGroup, InvalidCommand, having delivered nothing."""
        only_new = all(position.start is None for position in self.positions)
        if self.block_ms is None or not only_new:
            return self._attempt(plate, None)
        with blocked_readers.admitted(plate):
            return self._wait(plate, capped_block_ms(self.block_ms))

    def reply(self, result: Found | None) -> Found | None:
        return result

    def _wait(self, plate: PlateId, block_ms: int) -> Found | None:
        line = WaitingLine(plate, expires_at=clock.now_ms() + block_ms)
        names = [StreamName(plate, key) for key in self.keys]

        def is_worth_it() -> bool:
            keys = set(self.keys)
            found = deliveries.glance(plate, keys, self.group)
            return len(found) < len(keys) or line.asks_for_a_look(found)

        def attempt() -> Found | None:
            # By itself: the reader keeps its place and its deadline.
            return tried_again(lambda: self._attempt(plate, line))

        try:
            return wakeups.wait(names, attempt, worth_it=is_worth_it, block_ms=block_ms)
        except wakeups.ClientHasLeft:
            line.leave()
            if is_worth_it():
                # Others may have left it to this reader.
                wakeups.announce(names)
            raise
        finally:
            line.leave()

    def _attempt(self, plate: PlateId, line: WaitingLine | None) -> Found | None:
        """Serve what there is. Raises NotYet if the reader must let others go first."""
        keys = sorted(set(self.keys))
        with self._turn(plate, keys):
            if line is None or line.is_new:
                found = self._attempt_plainly(plate, keys, gives_way=line is not None)
                if found or (line is None and found is not None):
                    return found or None
            with session.transaction():
                delivery = _Delivery(self, plate, keys)
                if line is None:
                    return delivery.run() or None
                has_new = delivery.groups_with_new()
                left = line.left_to_others(has_new)
                if len(left) < len(has_new):
                    line.leave()
                    found = delivery.run(leaving=left)
                    self._wake_the_next(plate, found)
                    return found
                line.enter(delivery.groups)
        if left:
            raise wakeups.NotYet(courtesy_seconds())
        line.found_nothing(delivery.signals())
        return None

    def _wake_the_next(self, plate: PlateId, found: Found) -> None:
        """Where the count was reached, something may be left for those who gave way."""
        names = [StreamName(plate, key) for key in found if len(found[key]) == self.count]
        session.after_commit(lambda: wakeups.announce(names))

    def _attempt_plainly(self, plate: PlateId, keys: list[str], *, gives_way: bool) -> Found | None:
        """Deliver in a single round trip, commit included; None: it cannot be done so, nor was."""
        if len(keys) < len(self.positions) or any(start is not None for _, start in self.positions):
            return None
        now_ms = clock.now_ms()
        with session.transaction():
            groups.lock_all(plate, keys, self.group)
            delivered = deliveries.deliver_plainly(
                plate,
                keys,
                self.group,
                self.consumer,
                count=self.count,
                no_ack=self.no_ack,
                gives_way=gives_way,
                now_ms=now_ms,
            )
        found = delivered()
        return found and {key: found[key] for key in self.keys if key in found}

    def _turn(self, plate: PlateId, keys: list[str]) -> Any:
        """Callers in this process take turns, first come first (BLK-17).

        Without this they would queue at the group's row, each with a connection in its hand.
        Not inside a transaction, which may hold that row already.
        """
        if session.in_transaction():
            return nullcontext()
        session.release()  # Who waits for a turn must not hold what those before it need.
        return _turns.taken([(plate, key, self.group) for key in keys])


@dataclass(frozen=True, slots=True)
class Acknowledge(OneGroup):
    """XACK key group id [id …]

    Replies with the number of pending entries removed, whoever owned them; 0 for a missing
    stream or group, whose IDs are not even read (XACK-1, XACK-2).
    """

    name: ClassVar = "XACK"
    arity: ClassVar = -4
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    # A malformed ID is told only once the group is known.
    ids: Sequence[EntryId] | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Acknowledge":
        key, group = arguments.take(), arguments.take()
        check_number(arguments.left, "IDs")
        return cls(key, group, parse_ids(arguments.take_rest()))

    def execute(self, plate: PlateId) -> int:
        """Acknowledge all or, if one ID is malformed, none. Raises InvalidCommand."""
        if isinstance(self.ids, Refusal):
            if groups.find(plate, self.key, self.group) is None:
                return 0
            raise self.ids
        with session.transaction():
            groups.lock_all(plate, [self.key], self.group)
            removed = pending.acknowledge(plate, self.key, self.group, set(self.ids))
        return removed()

    def reply(self, result: int) -> int:
        return result


def parse_start(text: str) -> Start:
    """The ID of an XREADGROUP stream (XRG-5 to XRG-7)."""
    if text == ">":
        return None
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
    return None if entry_id == MAX_ID else entry_id


_turns = Turns()


class _Delivery:
    """One execution of XREADGROUP, under the locks of its groups, which it takes.

    Locks, notes the consumer and looks for new entries in one round trip: each statement is sent
    before the one ahead of it is answered, and sees the state under its locks all the same.
    """

    def __init__(self, command: ReadGroup, plate: PlateId, keys: list[str]) -> None:
        """Raises NoGroup, InvalidCommand, having changed nothing."""
        self._command = command
        self._plate = plate
        self._now_ms = clock.now_ms()
        lock = groups.lock_all(plate, keys, command.group)
        refused = any(isinstance(position.start, Refusal) for position in command.positions)
        seen = consumers.see(
            plate, [] if refused else keys, command.group, command.consumer, self._now_ms
        )
        unread = self._read_new({key for key, start in command.positions if start is None})
        self._groups = lock()
        self._validate()
        self._consumer_ids = seen()
        self._unread = unread()

    @property
    def groups(self) -> Collection[ConsumerGroup]:
        return self._groups.values()

    def groups_with_new(self) -> list[ConsumerGroup]:
        """The groups that have something to be given."""
        return [group for group in self.groups if self._unread[group.stream_id].entries]

    def signals(self) -> dict[int, int]:
        """What has happened so far that wakes readers, counted for each stream by its id."""
        return {stream_id: new.signals for stream_id, new in self._unread.items()}

    def run(self, *, leaving: Collection[int] = ()) -> Found:
        """Serve the streams in the order of the command, on live state (XRG-17).

        What is new to the groups in `leaving` is left to others.
        """
        found: Found = {}
        for key, start in self._command.positions:
            if isinstance(start, EntryId):
                found.setdefault(key, []).extend(self._history(key, start))
            elif self._groups[key].id not in leaving:
                stream_id = self._groups[key].stream_id
                new = self._unread.pop(stream_id, None) or self._read_new({key})()[stream_id]
                if new.entries:
                    found.setdefault(key, []).extend(self._deliver(key, new))
        return found

    def _validate(self) -> None:
        """Left to right, group before ID, all before anything is delivered (XRG-4)."""
        for key, start in self._command.positions:
            if key not in self._groups:
                raise no_group_to_read(key, self._command.group)
            if isinstance(start, Refusal):
                raise start

    def _read_new(self, keys: set[str]) -> Answer[dict[int, deliveries.New]]:
        """What is new for the groups of these streams: one statement for all."""
        if not keys:
            return dict
        return deliveries.read_new(
            self._plate, keys, self._command.group, count=self._command.count
        )

    def _deliver(self, key: str, new: deliveries.New) -> list[Any]:
        """Move the group past the new entries and put them on the consumer's list (XRG-9)."""
        group = self._groups[key]
        ids = [entry_id for entry_id, _ in new.entries]
        entries_read = entries_read_after(
            new.stream, group.last_delivered_id, group.entries_read, ids
        )
        self._groups[key] = replace(group, last_delivered_id=ids[-1], entries_read=entries_read)
        groups.save(self._groups[key])
        if not self._command.no_ack:
            pending.assign(
                group,
                self._consumer_ids[group.id],
                dict.fromkeys(ids, 1),
                delivered_at=self._now_ms,
                now_ms=self._now_ms,
            )
        return [entry for _, entry in new.entries]

    def _history(self, key: str, after: EntryId) -> list[Any]:
        """The consumer's own list; what still exists is delivered once more (XRG-12 to 14)."""
        group = self._groups[key]
        rows = pending.history(group, self._consumer_ids[group.id], after, self._command.count)
        alive = [entry_id for entry_id, entry in rows if entry is not None]
        if alive:
            pending.redeliver(group, alive, self._now_ms)
        return [[str(entry_id), None] if entry is None else entry for entry_id, entry in rows]
