"""Consumer groups, and the refusals of missing ones."""

from dataclasses import dataclass

from streams.domain.errors import NoGroup, echo
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A consumer group, and how far it has read its stream."""

    id: int
    plate: PlateId
    stream_id: int
    name: str
    last_delivered_id: EntryId
    # Entries read so far; None: unknown (XGROUP-7).
    entries_read: int | None


def no_group(key: str, group: str) -> NoGroup:
    """The refusal of XPENDING, XCLAIM and XAUTOCLAIM (XPENDING-3)."""
    return NoGroup(f"NOGROUP No such key '{echo(key)}' or consumer group '{echo(group)}'")


def no_group_to_read(key: str, group: str) -> NoGroup:
    """The refusal of XREADGROUP (XRG-4, BLK-11, BLK-13)."""
    return NoGroup(f"{no_group(key, group).text} in XREADGROUP with GROUP option")


def no_such_group(key: str, group: str) -> NoGroup:
    """The refusal of XGROUP and XINFO CONSUMERS (XGROUP-10)."""
    return NoGroup(f"NOGROUP No such consumer group '{echo(group)}' for key name '{echo(key)}'")
