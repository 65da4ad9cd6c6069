"""Measures consumers of one group. Each reads 100 new entries, acknowledges them, and repeats."""

import asyncio
import time
from statistics import quantiles

from bench import requests
from bench.client import Connection
from bench.load import Measurement
from bench.requests import BATCH
from bench.targets import Target, Targets
from bench.throughput import OURS, Result

CONSUMERS = (1, 8)
ENTRIES = 20_000
"""How long the stream is. At its end the group is set back to the beginning."""

KEY = "grouped"
GROUP = "workers"


def run_all(targets: Targets, *, rounds: int, seconds: float) -> list[Result]:
    """Measure each number of consumers against each target in turn."""
    rivals = [
        target
        for name, target in targets.by_name.items()
        if name == OURS or name.startswith("starlette")
    ]
    for target in rivals:
        asyncio.run(_prepare(target))
    results = [_empty_result(rivals, consumers) for consumers in CONSUMERS]
    for _ in range(rounds):
        for target in rivals:
            for consumers, result in zip(CONSUMERS, results, strict=True):
                measured = asyncio.run(_measure(target, consumers, seconds))
                result.rounds[target.name].append(measured)
    return results


def _empty_result(rivals: list[Target], consumers: int) -> Result:
    found: dict[str, list[Measurement]] = {target.name: [] for target in rivals}
    title = f"Group read and ack of {BATCH}, {consumers} consumer{'s' * (consumers > 1)}"
    return Result(f"group{consumers}", title, "asyncio client", "entries", found)


async def _prepare(target: Target) -> None:
    connection = await Connection.open(target)
    for _ in range(ENTRIES // 1_000):
        await connection.answer(requests.add_batch(KEY, 1_000))
    await connection.answer(requests.create_group(KEY, GROUP, "0"))
    connection.close()


async def _measure(target: Target, consumers: int, seconds: float) -> Measurement:
    started = time.perf_counter()
    loops = [_consume(target, f"c{n}", started + seconds) for n in range(consumers)]
    cycles_ms = [cycle for cycles in await asyncio.gather(*loops) for cycle in cycles]
    elapsed = time.perf_counter() - started
    percentiles = quantiles(cycles_ms, n=100)
    return Measurement(
        len(cycles_ms) * BATCH / elapsed, percentiles[49], percentiles[94], percentiles[98]
    )


async def _consume(target: Target, consumer: str, until: float) -> list[float]:
    """Read and acknowledge until that time. Returns how many milliseconds each cycle took."""
    connection = await Connection.open(target)
    cycles_ms = []
    while (started := time.perf_counter()) < until:
        found = await connection.result(requests.read_group(KEY, GROUP, consumer, BATCH))
        if found is None:
            await connection.answer(requests.rewind_group(KEY, GROUP, "0"))
            continue
        ids = [entry_id for entry_id, _ in found[KEY]]
        await connection.answer(requests.acknowledge(KEY, GROUP, ids))
        cycles_ms.append((time.perf_counter() - started) * 1000)
    connection.close()
    return cycles_ms
