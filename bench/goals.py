"""The numbers that the service is to reach, and whether a run reached them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import truediv
from statistics import median

from bench import growth, long_range, readers
from bench.pgbench import NAME as PGBENCH
from bench.throughput import OURS, Result, ratios

WEBDIS = "webdis (always)"
STARLETTE = "starlette (always)"
MOST_READERS = 5_000


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that is to be at least `wanted`; or at most, if the goal is a ceiling."""

    name: str
    wanted: float
    measured: float
    is_ceiling: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the run reached it."""
        if self.is_ceiling:
            return self.measured <= self.wanted
        return self.measured >= self.wanted


RATIOS = (
    ("add", "DRF no-op", 0.65),
    ("add", "each add alone", 2.0),
    ("batch", WEBDIS, 1.5),
    ("batch", PGBENCH, 0.3),
    ("range", STARLETTE, 10.0),
    ("range", PGBENCH, 0.4),
    ("group1", STARLETTE, 3.0),
    ("group8", STARLETTE, 3.0),
)
"""A workload, another target, and how many times its rate the service's rate is to be."""

HOT_TO_SPREAD = 0.9
BATCH_TO_SINGLE = 8.0
GROUP_ENTRIES_PER_SECOND = 8_000

LAST_ANSWER_MS = 1_500
KB_PER_READER = 60
IDLE_CPU_PERCENT = 3
ADD_SLOWDOWN = 1.3

GROWTH = 1.3

FIRST_BYTE_MS = 100
GROWN_MB = 32


def judged(
    throughput: Sequence[Result],
    grown: Sequence[growth.Result],
    long_ranges: Sequence[long_range.Result],
    blocked: Sequence[readers.Result],
) -> Iterator[Goal]:
    """The goals for which the run has figures."""
    by_name = {result.name: result for result in throughput}
    yield from _ratios(by_name)
    yield from _rates(by_name)
    yield from _growth([result for result in grown if result.target == OURS])
    for found in long_ranges[:1]:
        yield from _long_range(found)
    for result in blocked:
        if (result.target, result.readers, result.streams) == (OURS, MOST_READERS, 1):
            yield from _readers(result)


def _ratios(by_name: dict[str, Result]) -> Iterator[Goal]:
    for name, other, wanted in RATIOS:
        if name in by_name and other in by_name[name].rounds:
            result = by_name[name]
            yield Goal(f"{result.title}: × {other}", wanted, median(ratios(result, other)))


def _rates(by_name: dict[str, Result]) -> Iterator[Goal]:
    rounds = {name: [m.per_second for m in result.rounds[OURS]] for name, result in by_name.items()}
    rates = {name: median(measured) for name, measured in rounds.items()}
    if {"add", "hot"} <= rates.keys():
        ratio = median(map(truediv, rounds["hot"], rounds["add"]))
        yield Goal("One hot stream: × spread out", HOT_TO_SPREAD, ratio)
    if {"add", "batch"} <= rates.keys():
        yield Goal("Batches of 100: × single adds", BATCH_TO_SINGLE, rates["batch"] / rates["add"])
    for name in ("group1", "group8"):
        if name in rates:
            title = f"{by_name[name].title}: entries/s"
            yield Goal(title, GROUP_ENTRIES_PER_SECOND, rates[name])
    if {"group1", "group8"} <= rates.keys():
        ratio = median(map(truediv, rounds["group8"], rounds["group1"]))
        yield Goal("8 consumers of a group: × one", 1.0, ratio)


def _growth(grown: Sequence[growth.Result]) -> Iterator[Goal]:
    if len(grown) < 2:
        return
    first, *_, last = grown
    costs = {
        "Add": last.add_ms / first.add_ms,
        "Range": last.range_ms / first.range_ms,
        "Group read and ack": last.group_ms / first.group_ms,
    }
    for what, times in costs.items():
        name = f"{what} at {last.length} entries: × its cost at {first.length}"
        yield Goal(name, GROWTH, times, is_ceiling=True)


def _long_range(found: long_range.Result) -> Iterator[Goal]:
    for name, wanted, measured in (
        ("first byte, ms", FIRST_BYTE_MS, found.first_byte_ms),
        ("largest worker's growth, MB", GROWN_MB, found.grown_mb),
    ):
        yield Goal(f"Range of {found.length} entries: {name}", wanted, measured, is_ceiling=True)


def _readers(result: readers.Result) -> Iterator[Goal]:
    for name, wanted, measured in (
        ("last answer, ms", LAST_ANSWER_MS, result.last_answer_ms),
        ("KB per reader", KB_PER_READER, result.kb_per_reader),
        ("idle CPU, % of a core", IDLE_CPU_PERCENT, result.idle_cpu_percent),
        ("unrelated add, times slower", ADD_SLOWDOWN, result.add_slowdown),
    ):
        title = f"{MOST_READERS} readers on one stream: {name}"
        yield Goal(title, wanted, measured, is_ceiling=True)
