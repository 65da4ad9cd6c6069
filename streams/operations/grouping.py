"""Create, move and destroy the consumer groups of a locked stream."""

from dataclasses import replace

from streams import wakeups
from streams.domain.errors import BusyGroup
from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId
from streams.domain.streams import Stream
from streams.operations import locking
from streams.store import groups, session, waiting


def create(stream: Stream, name: str, last_delivered_id: EntryId, entries_read: int | None) -> None:
    """Create a group of a locked stream; a placeholder becomes a stream by it. Raises BusyGroup."""
    if not groups.create(stream, name, last_delivered_id, entries_read):
        raise BusyGroup("BUSYGROUP Consumer Group name already exists")
    locking.keep(stream)


def move(group: ConsumerGroup, last_delivered_id: EntryId, entries_read: int | None) -> None:
    """Set how far a locked group has read. Its waiting readers are not woken (BLK-5, XGROUP-11)."""
    groups.save(replace(group, last_delivered_id=last_delivered_id, entries_read=entries_read))
    waiting.let_sleep(group)


def destroy(stream: Stream, group: ConsumerGroup) -> None:
    """Remove a locked group of a locked stream, with its consumers and pending entries.

    Readers that wait with the group are woken, and are refused (BLK-13).
    """
    groups.delete(group)
    session.after_commit(lambda: wakeups.announce([stream.name]))
