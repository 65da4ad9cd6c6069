"""Measures how soon all blocked readers are answered, and what they cost while they wait."""

import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import psycopg

from bench import requests
from bench.client import Connection, send_and_wait
from bench.load import wrk
from bench.processes import family
from bench.targets import Target, Targets
from bench.throughput import OURS

BLOCK_MS = 300_000
OPENED_AT_ONCE = 100
IDLE_SECONDS = 5.0
QUIET_SECONDS = 1.0
QUIET_CPU = 0.05
SETTLE_SECONDS = 60.0

COUNT_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"

# How many connections send the unrelated adds.
CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Result:
    """What a number of blocked readers cost."""

    target: str
    readers: int
    streams: int
    # The time from the add's answer to the last reader's answer.
    last_answer_ms: float
    # By how much the proportional set size of all processes grew, divided by the readers.
    kb_per_reader: float
    # How much of one core the servers use while all readers are blocked.
    idle_cpu_percent: float
    # How many times as long an add to another stream takes, by the medians.
    add_slowdown: float
    # How many connections the workers have to PostgreSQL. None if the target does not use it.
    database_connections: int | None


def run_all(
    targets: Targets, counts: Sequence[int], *, rounds: int, seconds: float
) -> list[Result]:
    """Measure each number of readers, on one stream and on a stream each, round after round."""
    _raise_open_files_limit()
    rivals = _rivals(targets)
    # Measured before the first readers, because a process keeps most of its memory after them.
    baselines_kb = {target.name: memory_kb(target) for target in rivals}
    results = []
    for count in counts:
        for streams in sorted({1, count}):
            found: dict[str, list[Result]] = {target.name: [] for target in rivals}
            for _ in range(rounds):
                for target in rivals:
                    run = _Run(target, count, streams, seconds, baselines_kb[target.name])
                    found[target.name].append(asyncio.run(run.measure()))
            results += [_median(of_rounds) for of_rounds in found.values()]
    return results


def _median(rounds: Sequence[Result]) -> Result:
    """The medians of the figures. Memory is of the first round, as processes keep much of it."""
    first = rounds[0]
    return replace(
        first,
        last_answer_ms=median(found.last_answer_ms for found in rounds),
        idle_cpu_percent=median(found.idle_cpu_percent for found in rounds),
        add_slowdown=median(found.add_slowdown for found in rounds),
    )


def _rivals(targets: Targets) -> list[Target]:
    names = (OURS, "starlette (always)")
    return [targets.by_name[name] for name in names if name in targets.by_name]


class _Run:
    """One number of readers against one target."""

    def __init__(
        self, target: Target, readers: int, streams: int, seconds: float, baseline_kb: float
    ) -> None:
        self._target = target
        self._baseline_kb = baseline_kb
        self._readers = readers
        self._seconds = seconds
        stamp = time.monotonic_ns()
        self._keys = [f"blocked{stamp}-{n}" for n in range(streams)]

    async def measure(self) -> Result:
        """Block the readers, measure their costs, wake them, and wait for their answers."""
        alone_ms = self._unrelated_add_ms()
        waiting = await self._block()
        await self._settle()
        idle = await self._cpu_share(IDLE_SECONDS)
        grown_kb = memory_kb(self._target) - self._baseline_kb
        connections = self._database_connections()
        beside_ms = self._unrelated_add_ms()
        last_answer_ms = await self._wake(waiting)
        return Result(
            self._target.name,
            self._readers,
            len(self._keys),
            last_answer_ms,
            grown_kb / self._readers,
            idle * 100,
            beside_ms / alone_ms,
            connections,
        )

    async def _block(self) -> list[Connection]:
        connections: list[Connection] = []
        while len(connections) < self._readers:
            wanted = min(OPENED_AT_ONCE, self._readers - len(connections))
            opened = await asyncio.gather(*(Connection.open(self._target) for _ in range(wanted)))
            for connection in opened:
                key = self._keys[len(connections) % len(self._keys)]
                connection.send(requests.read(key, "$", block_ms=BLOCK_MS))
                connections.append(connection)
            await asyncio.sleep(0)
        return connections

    async def _wake(self, waiting: Sequence[Connection]) -> float:
        answers = asyncio.gather(*(connection.receive() for connection in waiting))
        await asyncio.sleep(0)
        request = (
            requests.add(self._keys[0]) if len(self._keys) == 1 else requests.pipeline(self._keys)
        )
        added_at = send_and_wait(self._target, request)
        await answers
        elapsed = time.monotonic() - added_at
        for connection in waiting:
            connection.close()
        return elapsed * 1000

    async def _settle(self) -> None:
        """Wait until the servers are quiet: then they have received all requests."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while await self._cpu_share(QUIET_SECONDS) > QUIET_CPU and time.monotonic() < deadline:
            pass

    async def _cpu_share(self, seconds: float) -> float:
        """How much of a core the servers use."""
        before = self._cpu_seconds()
        await asyncio.sleep(seconds)
        return (self._cpu_seconds() - before) / seconds

    def _cpu_seconds(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in family(self._target.process))

    def _unrelated_add_ms(self) -> float:
        load = [requests.add("unrelated")]
        measured = wrk(self._target, load, connections=CONNECTIONS, seconds=self._seconds)
        return measured.p50_ms

    def _database_connections(self) -> int | None:
        if not self._target.store or not self._target.store.startswith("postgresql"):
            return None
        with psycopg.connect(self._target.store) as connection:
            row = connection.execute(COUNT_SESSIONS, [self._target.name]).fetchone()
        assert row is not None
        return int(row[0])


def memory_kb(target: Target) -> float:
    """The memory of all processes of the target. Each shared page counts once in all."""
    return sum(process.memory_full_info().pss for process in family(target.process)) / 1024


def _raise_open_files_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
