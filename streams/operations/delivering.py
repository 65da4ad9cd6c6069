"""Deliver entries to a consumer of a group: new ones, or again those it has not acknowledged.

There are two ways, with one statement (`store.deliveries.DELIVER`):

- *guarded*: lock, deliver and commit travel together, in one round trip. Where SQL alone cannot
  decide, the guard lets the statement change nothing, and the general way follows;
- *general*: lock the groups, check the command against them, deliver without the guard, and correct
  the groups' read counters in Python before the commit.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from streams import clock
from streams.domain.counters import wrapped
from streams.domain.errors import Refusal
from streams.domain.groups import ConsumerGroup, no_group_to_read
from streams.domain.ids import EntryId
from streams.domain.lag import entries_read_after
from streams.domain.plates import PlateId, StreamName
from streams.rounds.conflicts import again_after_conflict
from streams.rounds.turns import Turns
from streams.store import consumers, deliveries, groups, pending, session
from streams.store.deliveries import Delivery
from streams.store.pending import HistoryItem
from streams.wakeups.line import PlacesInLine

GroupAfter = EntryId | Literal[">"] | Refusal
"""What a consumer asks for. `>`: new entries. An ID: its own pending entries above that ID.
A refusal: the text was neither; it is raised only if the group exists."""


class GroupPosition(NamedTuple):
    """A stream, and what the consumer wants of it."""

    key: str
    after: GroupAfter


class DeliveredEntries(NamedTuple):
    """How many new entries there are, and their JSON texts, oldest first, joined by commas."""

    entry_count: int
    elements: str


DeliveredByKey = dict[str, list[DeliveredEntries | list[HistoryItem]]]
"""What was delivered from each stream, in the order of the command. It holds the streams that have
new entries, and those whose pending entries the command asked for."""


@dataclass(frozen=True, slots=True)
class GroupRead:
    """What a consumer asks of the groups of one name on several streams."""

    plate: PlateId
    group: str
    consumer: str
    positions: Sequence[GroupPosition]
    # Entries per stream; None: all.
    count: int | None
    # NOACK: new entries do not go on the pending entries list.
    no_ack: bool

    @property
    def keys(self) -> list[str]:
        """The key of each stream, once, in byte order."""
        return sorted({position.key for position in self.positions})

    @property
    def names(self) -> list[StreamName]:
        """The same streams, with their plate."""
        return [StreamName(self.plate, key) for key in self.keys]

    @property
    def is_only_of_new(self) -> bool:
        """Whether it asks for new entries only: then it may wait for them (XRG-10)."""
        return all(position.after == ">" for position in self.positions)


@again_after_conflict
async def deliver(read: GroupRead) -> DeliveredByKey:
    """Deliver what there is now. Raises NoGroup, InvalidCommand, and has then delivered nothing."""
    async with turn(read):
        match await deliver_guarded(read):
            case Delivered(by_key):
                return by_key
            case NothingNew():
                return {}
            case NotDecided():
                async with session.transaction():
                    return await (await lock_groups(read)).deliver()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The guarded way has delivered what is new, of which there is some."""

    by_key: DeliveredByKey


@dataclass(frozen=True, slots=True)
class NothingNew:
    """The guarded way has found nothing new in any of the groups; the consumer was seen."""

    groups: list[ConsumerGroup]
    # How many events had happened to each stream that wake readers, by the stream's id (BLK-5).
    signals: dict[int, int]


@dataclass(frozen=True, slots=True)
class NotDecided:
    """The guarded way has changed nothing: the general way must decide."""


GuardedOutcome = Delivered | NothingNew | NotDecided


async def deliver_guarded(read: GroupRead, line: PlacesInLine | None = None) -> GuardedOutcome:
    """Deliver in a single round trip, commit included.

    With a line, the reader gives way to those before it there.

    1. Decide nothing where the statement cannot serve: the consumer's own pending entries are
       asked for, or a stream is named twice.
    2. Send the locks of the groups, the guarded delivery and the commit, without a wait in between.
    3. Wait for all of them, and see from the rows what the statement has done.
    """
    keys = read.keys
    if len(keys) < len(read.positions) or not read.is_only_of_new:
        return NotDecided()
    async with session.transaction():
        await groups.lock_all(read.plate, keys, read.group)
        delivered = await deliveries.deliver(
            read.plate,
            keys,
            read.group,
            read.consumer,
            count=read.count,
            no_ack=read.no_ack,
            guarded=True,
            gives_way=line is not None,
            places=line.places if line else (),
            passed_over=line.passed_over if line else (),
            now_ms=clock.now_ms(),
        )
    return _outcome(read, await delivered.result())


def _outcome(read: GroupRead, found: dict[str, Delivery]) -> GuardedOutcome:
    if not found:
        return NotDecided()
    by_key: DeliveredByKey = {
        key: [DeliveredEntries(found[key].entry_count, found[key].elements)]
        for key, _ in read.positions
        if found[key].entry_count
    }
    if by_key:
        return Delivered(by_key)
    return NothingNew(
        [delivery.group for delivery in found.values()],
        {delivery.stream.id: delivery.signals for delivery in found.values()},
    )


_turns = Turns()


@asynccontextmanager
async def turn(read: GroupRead) -> AsyncIterator[None]:
    """Readers of one group in this process take turns, in order of arrival (BLK-17).

    Without turns they would queue for the lock of the group's row, and each would hold a
    connection while it waits.
    """
    # An enclosing transaction may hold that lock already.
    if session.in_transaction():
        yield
        return
    async with _turns.taken([(read.plate, key, read.group) for key in read.keys]):
        yield


async def lock_groups(read: GroupRead) -> "LockedGroups":
    """Begin the general way, inside a transaction.

    Raises NoGroup or InvalidCommand, and has then changed nothing.

    1. Lock the groups that exist, in ascending id.
    2. Check the command against them.
    3. Take the time only now, because the locks may have come late.
    """
    locked = await (await groups.lock_all(read.plate, read.keys, read.group)).result()
    # Checked from left to right, each group before its ID, before any delivery (XRG-4).
    for key, after in read.positions:
        if key not in locked:
            raise no_group_to_read(key, read.group)
        if isinstance(after, Refusal):
            raise after
    return LockedGroups(read, locked, clock.now_ms())


@dataclass(frozen=True, slots=True)
class LockedGroups:
    """The groups of a read, which this transaction has locked: the general way to deliver."""

    read: GroupRead
    # By the keys of their streams.
    by_key: dict[str, ConsumerGroup]
    now_ms: int

    async def see_consumer(self) -> dict[int, int]:
        """Set the consumer's `seen_at` to now (ST-11); returns its ids, by group id."""
        return await consumers.see(self.by_key.values(), self.read.consumer, self.now_ms)

    async def deliver(self, *, only: Collection[int] | None = None) -> DeliveredByKey:
        """Serve the streams in the order of the command, each as the one before left it (XRG-17).

        With `only`, only the groups with these ids deliver new entries.
        """
        consumer_ids = await self.see_consumer()
        delivered: DeliveredByKey = {}
        for keys, after in _steps(self.read.positions):
            if isinstance(after, EntryId):
                (key,) = keys
                delivered.setdefault(key, []).append(await self._history(key, after, consumer_ids))
            else:
                wanted = [key for key in keys if only is None or self.by_key[key].id in only]
                if not wanted:
                    continue
                async for key, entries in self._new(wanted):
                    delivered.setdefault(key, []).append(entries)
        return delivered

    async def _new(self, keys: Sequence[str]) -> AsyncIterator[tuple[str, DeliveredEntries]]:
        """Deliver the new entries of these streams; yields them for each stream that has some."""
        read = self.read
        found = await (
            await deliveries.deliver(
                read.plate,
                keys,
                read.group,
                read.consumer,
                count=read.count,
                no_ack=read.no_ack,
                guarded=False,
                now_ms=self.now_ms,
            )
        ).result()
        for key in keys:
            if found[key].entry_count:
                await _correct_entries_read(found[key])
                yield key, DeliveredEntries(found[key].entry_count, found[key].elements)

    async def _history(
        self, key: str, after: EntryId, consumer_ids: dict[int, int]
    ) -> list[HistoryItem]:
        """The consumer's own list; entries that exist are delivered once more (XRG-12 to 14)."""
        group = self.by_key[key]
        items = await pending.history(group, consumer_ids[group.id], after, self.read.count)
        counts = {
            item.entry_id: wrapped(item.delivery_count + 1)
            for item in items
            if item.rendered is not None
        }
        if counts:
            await pending.redeliver(group, counts, self.now_ms)
        return items


def _steps(positions: Sequence[GroupPosition]) -> Iterator[tuple[list[str], GroupAfter]]:
    """The positions in steps: `>` on different streams in a row makes one step."""
    together: list[str] = []
    for key, after in positions:
        if together and (after != ">" or key in together):
            yield together, ">"
            together = []
        if after == ">":
            together.append(key)
        else:
            yield [key], after
    if together:
        yield together, ">"


async def _correct_entries_read(delivery: Delivery) -> None:
    """Write the group's read counter where it is not just increased by the delivery (LAG-4)."""
    group, ids = delivery.group, delivery.ids
    entries_read = entries_read_after(
        delivery.stream, group.last_delivered_id, group.entries_read, ids
    )
    if entries_read != delivery.written_entries_read:
        await groups.save(replace(group, last_delivered_id=ids[-1], entries_read=entries_read))
