"""The line of readers that are blocked on a group, over all processes (BLK-17)."""

import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from cachetools import TTLCache

from streams import clock, conf
from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId
from streams.store import session, waiting
from streams.store.deliveries import Glance
from streams.wakeups.process import PROCESS

STALL_SECONDS = 10.0
"""How long nobody here gives way to readers of a process that did not take what was left to it."""

_passed_over: TTLCache[int, None] = TTLCache(maxsize=1000, ttl=STALL_SECONDS)
"""Those processes, by their numbers."""


def courtesy_seconds() -> float:
    """How long a reader leaves new entries to the one who waits longest.

    That one is woken by the same change, and takes the entries within a few milliseconds. If it
    does not in this time, its process is stopped or badly overloaded, and loses its place.
    """
    return conf.limit("STREAMS_COURTESY_MS") / 1000


class _Courtesy(NamedTuple):
    """To whom a reader leaves the new entries of a group, and until when."""

    place: int
    # By the monotonic clock, in seconds.
    ends_at: float


class Line:
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
        self._seen: Mapping[int, int] = {}

    @property
    def places(self) -> Collection[int]:
        """The reader's places."""
        return self._places.values()

    @property
    def passed_over(self) -> Collection[int]:
        """The processes whose readers nobody gives way to, by their numbers."""
        return list(_passed_over)

    def stands_in(self, groups: Collection[ConsumerGroup]) -> bool:
        """Whether the reader has a place in the line of each group."""
        return all(group.id in self._places for group in groups)

    def asks_for_a_look(self, found: Collection[Glance]) -> bool:
        """Whether to look under the locks: for new entries, or for a place in a new group's line.

        New entries alone are no reason, if nothing happened since the last look in vain that wakes
        readers: XGROUP SETID does not (BLK-5).
        """
        signals = {glance.stream_id: glance.signals for glance in found}
        has_new = any(glance.has_new for glance in found)
        if not has_new:
            self._seen = signals
        stands_in_all = all(glance.group_id in self._places for glance in found)
        return not stands_in_all or (has_new and self._seen != signals)

    def found_nothing(self, signals: Mapping[int, int]) -> None:
        """A look under the locks found nothing new, with these signals of the streams, by id."""
        self._seen = signals

    def left_to_others(self, with_new: Collection[ConsumerGroup]) -> set[int]:
        """The ids of those of the locked groups, all with new entries, that others are to take."""
        first = self._first_before(with_new) if with_new else {}
        now = time.monotonic()
        self._courtesies = {
            group: self._courtesy_towards(place, group, now) for group, place in first.items()
        }
        idle = [courtesy.place for courtesy in self._courtesies.values() if courtesy.ends_at <= now]
        if idle:
            _passed_over.update(dict.fromkeys(waiting.put_out(self._plate, idle)))
        return {group for group, courtesy in self._courtesies.items() if courtesy.ends_at > now}

    def enter(self, groups: Collection[ConsumerGroup]) -> None:
        """Take a place for each of the locked groups where the reader has none."""
        missing = [group for group in groups if group.id not in self._places]
        if missing:
            entered = waiting.enter(missing, PROCESS, self._expires_at)
            session.after_commit(lambda: self._places.update(entered))

    def leave(self) -> None:
        """Give up the places, if there are any."""
        if self._places:
            waiting.leave(self._plate, self._places.values())
            session.after_commit(self._places.clear)

    def lost_places(self) -> None:
        """The places are gone: the statement that delivered entries has removed them."""
        self._places.clear()

    def _first_before(self, groups: Collection[ConsumerGroup]) -> dict[int, int]:
        now_ms = clock.now_ms()
        return waiting.first_before(groups, self._places, self.passed_over, now_ms)

    def _courtesy_towards(self, place: int, group: int, now: float) -> _Courtesy:
        """The one that goes on, or a new one towards who is first by now."""
        known = self._courtesies.get(group)
        if known and known.place == place:
            return known
        return _Courtesy(place, now + courtesy_seconds())
