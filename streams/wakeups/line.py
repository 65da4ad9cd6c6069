"""The line of the readers that are blocked on a group, in all processes (BLK-17).

A reader's place is its ticket in this line: the smaller the number, the longer it waits.
"""

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
"""How long readers here ignore the places of a process that was first and took no entries."""

_passed_over: TTLCache[int, None] = TTLCache(maxsize=1000, ttl=STALL_SECONDS)
"""The numbers of those processes."""


def courtesy_seconds() -> float:
    """How long a reader waits for the reader that is first in line to take new entries.

    The first reader is woken by the same change, and takes the entries within a few milliseconds.
    If it takes longer than this, its process is stopped or badly overloaded, and the readers of
    that process lose their places in the line.
    """
    return conf.limit("STREAMS_COURTESY_MS") / 1000


class _Courtesy(NamedTuple):
    """The place in line that may take the new entries of a group first, and until when."""

    place: int
    # By the monotonic clock, in seconds.
    ends_at: float


class PlacesInLine:
    """The places of one waiting reader: one in the line of each group that it waits for.

    Readers of one process are woken in order; the lines keep the order over all processes. A reader
    that finds new entries and is not first in line waits for a moment, so that the readers before
    it can take them.
    """

    def __init__(self, plate: PlateId, *, expires_at: int) -> None:
        """`expires_at` is the instant, in Unix ms, at which the reader stops waiting."""
        self._plate = plate
        self._expires_at = expires_at
        # Both by the id of the group.
        self._places: dict[int, int] = {}
        self._courtesies: dict[int, _Courtesy] = {}
        # The signals of its streams, by id, when the reader last found nothing new.
        self._seen: Mapping[int, int] = {}

    @property
    def places(self) -> Collection[int]:
        """The reader's places."""
        return self._places.values()

    @property
    def passed_over(self) -> Collection[int]:
        """The numbers of the processes whose readers nobody here gives way to."""
        return list(_passed_over)

    def stands_in(self, groups: Collection[ConsumerGroup]) -> bool:
        """Whether the reader has a place in the line of each group."""
        return all(group.id in self._places for group in groups)

    def notice(self, found: Collection[Glance]) -> bool:
        """Note what a look without locks has found; returns whether to look under the locks.

        It is worth it if the reader has no place in the line of one of the groups (a new group of
        the old name), or if there are new entries. But new entries count only if something that
        wakes readers has happened since the last look that found nothing: XGROUP SETID can make
        entries new to the group, and wakes nobody (BLK-5).
        """
        signals = {glance.stream_id: glance.signals for glance in found}
        has_new = any(glance.has_new for glance in found)
        if not has_new:
            self._seen = signals
        stands_in_all = all(glance.group_id in self._places for glance in found)
        return not stands_in_all or (has_new and self._seen != signals)

    def found_nothing(self, signals: Mapping[int, int]) -> None:
        """Note the signals of the streams, by id, at a look under the locks that found nothing."""
        self._seen = signals

    async def give_way(self, with_new: Collection[ConsumerGroup]) -> set[int]:
        """Give way to older readers; returns the ids of the groups whose new entries they may take.

        All the given groups are locked and have new entries. A reader that has not taken them after
        `courtesy_seconds` goes first no longer: this removes the places of all readers of its
        process from the line of the group.
        """
        first = await self._first_before(with_new) if with_new else {}
        now = time.monotonic()
        self._courtesies = {
            group: self._courtesy_towards(place, group, now) for group, place in first.items()
        }
        idle = [courtesy.place for courtesy in self._courtesies.values() if courtesy.ends_at <= now]
        if idle:
            _passed_over.update(dict.fromkeys(await waiting.put_out(self._plate, idle)))
        return {group for group, courtesy in self._courtesies.items() if courtesy.ends_at > now}

    async def enter(self, groups: Collection[ConsumerGroup]) -> None:
        """Take a place in the line of each locked group where the reader has none."""
        missing = [group for group in groups if group.id not in self._places]
        if missing:
            entered = await waiting.enter(missing, PROCESS, self._expires_at)
            session.after_commit(lambda: self._places.update(entered))

    async def leave(self) -> None:
        """Give up the reader's places, if it has any."""
        if self._places:
            await waiting.leave(self._plate, self._places.values())
            session.after_commit(self._places.clear)

    def forget(self) -> None:
        """Note that the places are gone: the statement that delivered entries has removed them."""
        self._places.clear()

    async def _first_before(self, groups: Collection[ConsumerGroup]) -> dict[int, int]:
        now_ms = clock.now_ms()
        return await waiting.first_before(groups, self._places, self.passed_over, now_ms)

    def _courtesy_towards(self, place: int, group: int, now: float) -> _Courtesy:
        """The courtesy under way, or a new one if another place has become the first."""
        known = self._courtesies.get(group)
        if known and known.place == place:
            return known
        return _Courtesy(place, now + courtesy_seconds())
