"""Backpressure: how much may be under way at a time, in this process and for each plate.

Work over a bound is refused at once; work that was admitted completes.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from streams import conf
from streams.domain.errors import TooManyRequests, Unavailable
from streams.domain.plates import PlateId


class Bound:
    """How much of one kind of work may be under way: a limit for the process and one per plate.

    Both limits are names of settings.
    """

    def __init__(self, what: str, *, per_process: str, per_plate: str) -> None:
        self._what = what
        self._per_process = per_process
        self._per_plate = per_plate
        self._total = 0
        self._of_plate: Counter[PlateId] = Counter()

    @contextmanager
    def admitted(self, plate: PlateId, amount: int = 1) -> Iterator[None]:
        """Count `amount` as under way while the body runs.

        Raises TooManyRequests over the plate's limit, Unavailable over the process'. Neither limit
        refuses work while nothing else counts towards it, however large the amount is.
        """
        self._check(plate, amount)
        self._total += amount
        self._of_plate[plate] += amount
        try:
            yield
        finally:
            self._total -= amount
            self._of_plate[plate] -= amount
            if not self._of_plate[plate]:
                del self._of_plate[plate]

    def _check(self, plate: PlateId, amount: int) -> None:
        of_plate = self._of_plate.get(plate, 0)
        if of_plate and of_plate + amount > conf.limit(self._per_plate):
            raise TooManyRequests(f"the plate has too many {self._what} under way")
        if self._total and self._total + amount > conf.limit(self._per_process):
            raise Unavailable(f"the server has too many {self._what} under way")


queued_appends = Bound(
    "queued appends",
    per_process="STREAMS_MAX_QUEUED_APPENDS",
    per_plate="STREAMS_MAX_QUEUED_APPENDS_PER_PLATE",
)
"""Entries that wait to be committed."""

blocked_readers = Bound(
    "blocked readers",
    per_process="STREAMS_MAX_BLOCKED_READERS",
    per_plate="STREAMS_MAX_BLOCKED_READERS_PER_PLATE",
)
"""Readers and tails that wait for entries."""
