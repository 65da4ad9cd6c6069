"""The line of readers that are blocked on a group, over all processes (BLK-17)."""

import time
from collections.abc import Collection, Sequence

from streams import wakeups
from streams.commands import clock
from streams.domain.groups import ConsumerGroup
from streams.domain.plates import PlateId, StreamName
from streams.store import session, waiting

COURTESY_SECONDS = 1.0
"""How long a reader gives way to those that came before it; a process may have died with them."""


class WaitingLine:
    """A waiting reader's place among all that wait for the same groups (BLK-17).

    Readers of one process are woken in order; this keeps the order over all processes. A reader
    that finds something new, but others before it, leaves it to them for a moment.
    """

    def __init__(self, plate: PlateId, keys: Sequence[str], *, expires_at: int) -> None:
        self._plate = plate
        self._names = [StreamName(plate, key) for key in keys]
        self._expires_at = expires_at
        self._places: list[int] = []
        # When courtesy towards those before it ends: it is theirs for a moment, each time anew.
        self._patient_until = 0.0

    @property
    def is_new(self) -> bool:
        """Whether the reader has not taken its place yet."""
        return not self._places

    def lets_pass(self, locked: Collection[ConsumerGroup], has_new: bool) -> bool:
        """Whether there is something to deliver and it is this reader's turn.

        At the first call that says no the reader takes its place, at the one that says yes it
        gives it up, and the next in line is woken: something may be left for it.
        """
        if has_new and not self._must_give_way(locked):
            if self._places:
                self.leave()
                session.after_commit(lambda: wakeups.announce(self._names))
            return True
        if not self._places:
            self._places = waiting.enter(locked, self._expires_at)
        return False

    def leave(self) -> None:
        """Give the place up, if there is one."""
        if self._places:
            waiting.leave(self._plate, self._places)
            self._places = []

    def _must_give_way(self, locked: Collection[ConsumerGroup]) -> bool:
        now = time.monotonic()
        if now >= self._patient_until + COURTESY_SECONDS:
            self._patient_until = now + COURTESY_SECONDS
        return now < self._patient_until and waiting.anybody_before(
            locked, self._places, clock.now_ms()
        )
