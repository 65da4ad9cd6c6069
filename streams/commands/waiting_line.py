"""The line of readers that are blocked on a group, over all processes (BLK-17)."""

import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from streams import wakeups
from streams.commands import clock
from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId
from streams.store import waiting

COURTESY_SECONDS = 0.25
"""How long a reader leaves new entries to the one who waits longest.

That one is woken by the same change, and takes the entries within a few milliseconds. If it does
not in this time, its process is stopped or badly overloaded, and loses its places.
"""


class _Courtesy(NamedTuple):
    """To whom a reader leaves the new entries of a group, and until when."""

    place: int
    # By the monotonic clock, in seconds.
    ends_at: float


class WaitingLine:
    """A waiting reader's places among all that wait for the same groups, one place in each.

    Readers of one process are woken in order; this keeps the order over all processes. A reader
    that finds something new in a group, but others before it, leaves it to them.
    """

    def __init__(self, plate: PlateId, *, expires_at: int) -> None:
        """`expires_at` is when the reader stops waiting, in Unix ms."""
        self._plate = plate
        self._expires_at = expires_at
        # By group, as all that follows.
        self._places: dict[int, int] = {}
        self._courtesies: dict[int, _Courtesy] = {}
        # What the reader saw when it last found nothing new: the signals of its streams, by id.
        self.seen: Mapping[int, int] = {}

    @property
    def is_new(self) -> bool:
        """Whether the reader has taken no place yet."""
        return not self._places

    def left_to_others(self, with_new: Collection[ConsumerGroup]) -> set[int]:
        """Those of the locked groups, all with something new, whose entries others are to take."""
        first = waiting.first_before(with_new, self._places, clock.now_ms()) if with_new else {}
        now = time.monotonic()
        self._courtesies = {
            group: self._courtesy_towards(place, group, now) for group, place in first.items()
        }
        idle = [courtesy.place for courtesy in self._courtesies.values() if courtesy.ends_at <= now]
        if idle:
            waiting.put_out(self._plate, idle)
        return {group for group, courtesy in self._courtesies.items() if courtesy.ends_at > now}

    def enter(self, groups: Collection[ConsumerGroup]) -> None:
        """Take a place for each of the locked groups where the reader has none."""
        missing = [group for group in groups if group.id not in self._places]
        if missing:
            self._places |= waiting.enter(missing, wakeups.PROCESS, self._expires_at)

    def leave(self) -> None:
        """Give up the places, if there are any."""
        if self._places:
            waiting.leave(self._plate, self._places.values())
            self._places = {}

    def _courtesy_towards(self, place: int, group: int, now: float) -> _Courtesy:
        """The one that goes on, or a new one towards who is first by now."""
        known = self._courtesies.get(group)
        if known and known.place == place:
            return known
        return _Courtesy(place, now + COURTESY_SECONDS)
