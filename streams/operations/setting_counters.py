"""Set the counters of a stream (XSETID)."""

from dataclasses import dataclass, replace

from streams.domain.errors import IdConflict, InvalidCommand, no_such_key
from streams.domain.ids import NO_ID, EntryId
from streams.domain.plates import StreamName
from streams.domain.streams import Stream
from streams.operations import locking
from streams.store import entries, session, streams


@dataclass(frozen=True, slots=True)
class Counters:
    """The new values of a stream's counters."""

    last_generated_id: EntryId
    # None: not changed.
    entries_added: int | None
    # None or 0-0: not changed (XSETID-5).
    max_deleted_entry_id: EntryId | None


async def set_counters(name: StreamName, counters: Counters) -> None:
    """Set them. Raises NoSuchKey, IdConflict, InvalidCommand (XSETID-3, XSETID-4).

    1. Lock the stream.
    2. Refuse counters that contradict its entries.
    3. Save the counters, and commit. No reader is woken.
    """
    async with session.transaction():
        stream = await locking.lock_stream(name)
        if stream is None:
            raise no_such_key()
        await _refuse_contradictions(stream, counters)
        await streams.save([_applied(stream, counters)])


async def _refuse_contradictions(stream: Stream, counters: Counters) -> None:
    if counters.last_generated_id < stream.max_deleted_entry_id:
        raise IdConflict(
            "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
        )
    if stream.length == 0:
        return
    top = await entries.greatest_id(stream)
    if top and counters.last_generated_id < top:
        raise IdConflict(
            "ERR The ID specified in XSETID is smaller than the target stream top item"
        )
    if counters.entries_added is not None and counters.entries_added < stream.length:
        raise InvalidCommand(
            "ERR The entries_added specified in XSETID is smaller than the target stream length"
        )


def _applied(stream: Stream, counters: Counters) -> Stream:
    added, max_deleted = counters.entries_added, counters.max_deleted_entry_id
    return replace(
        stream,
        last_generated_id=counters.last_generated_id,
        entries_added=stream.entries_added if added is None else added,
        max_deleted_entry_id=(
            stream.max_deleted_entry_id if max_deleted in (None, NO_ID) else max_deleted
        ),
    )
