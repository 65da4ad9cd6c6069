"""Measures what an add, a range and a group read cost on streams of growing length."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

import psycopg

from bench import requests
from bench.client import Connection
from bench.requests import BATCH, WORDS
from bench.targets import Target, Targets
from bench.throughput import OURS

ROWS_AT_ONCE = 1_000_000
RANGE_COUNT = 1_000
GROUP = "workers"

FILL_ENTRIES = """
    INSERT INTO entry (plate_id, stream_id, ms, seq, fields)
    SELECT %(plate)s, id, number, 0, %(fields)s::json
    FROM stream, generate_series(%(first)s::bigint, %(last)s::bigint) AS number
    WHERE plate_id = %(plate)s AND key = %(key)s
"""
FILL_STREAM = """
    UPDATE stream
    SET length = %(last)s, entries_added = %(last)s, last_generated_ms = %(last)s,
        recorded_first_ms = 1, last_generated_seq = 0, recorded_first_seq = 0, tail_node = NULL
    WHERE plate_id = %(plate)s AND key = %(key)s
"""
# A Lua script adds many entries with one request.
FILL_SCRIPT = """
for number = ARGV[1], ARGV[2] do
  redis.call('XADD', KEYS[1], string.format('%d-0', number), unpack(ARGV, 3))
end
"""
SCRIPT_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """One target's costs at one length, in milliseconds, one request at a time."""

    target: str
    length: int
    add_ms: float
    range_ms: float
    group_ms: float


def run_all(targets: Targets, lengths: Sequence[int], *, rounds: int, repeats: int) -> list[Result]:
    """Fill a stream of each length, then measure each stream in turn, round after round."""
    names = (OURS, "starlette (everysec)")
    rivals = [targets.by_name[name] for name in names if name in targets.by_name]
    for target in rivals:
        for length in lengths:
            _fill(target, targets.plate_id, length)
    return asyncio.run(_measure(rivals, lengths, rounds, repeats))


def key_of(length: int) -> str:
    """The key of the stream of that length."""
    return f"grown{length}"


def _fill(target: Target, plate: int, length: int) -> None:
    assert target.store is not None
    if target.store.startswith("redis"):
        _fill_redis(target.store, length)
    else:
        asyncio.run(_add_one(target, key_of(length)))
        _fill_table(target.store, plate, length)


async def _add_one(target: Target, key: str) -> None:
    connection = await Connection.open(target)
    await connection.answer(requests.add(key))
    connection.close()


def _fill_table(store: str, plate: int, length: int) -> None:
    """Fill the stream with SQL, without the service. The entry that created it is replaced."""
    import orjson

    words = {
        "plate": plate,
        "key": key_of(length).encode(),
        "fields": orjson.dumps(WORDS).decode(),
    }
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute(
            "DELETE FROM entry USING stream WHERE entry.stream_id = stream.id"
            " AND entry.plate_id = %(plate)s AND stream.key = %(key)s",
            words,
        )
        for first in range(1, length + 1, ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE - 1, length)
            connection.execute(FILL_ENTRIES, {**words, "first": first, "last": last})
        connection.execute(FILL_STREAM, {**words, "last": length})
        connection.execute("VACUUM ANALYZE entry")


def _fill_redis(store: str, length: int) -> None:
    import redis

    with redis.Redis.from_url(store) as client:
        script = client.register_script(FILL_SCRIPT)
        for first in range(1, length + 1, SCRIPT_ENTRIES):
            last = min(first + SCRIPT_ENTRIES - 1, length)
            script(keys=[key_of(length)], args=[first, last, *WORDS])


async def _measure(
    targets: Sequence[Target], lengths: Sequence[int], rounds: int, repeats: int
) -> list[Result]:
    """Measure each length of each target in turn, round after round."""
    connections = [await Connection.open(target) for target in targets]
    probes = [
        _Probe(target.name, connection, length, repeats)
        for target, connection in zip(targets, connections, strict=True)
        for length in lengths
    ]
    for probe in probes:
        await probe.prepare()
    for _ in range(rounds):
        for probe in probes:
            await probe.run()
    for connection in connections:
        connection.close()
    return [probe.result() for probe in probes]


class _Probe:
    """Measures all requests on one stream, again and again."""

    def __init__(self, target: str, connection: Connection, length: int, repeats: int) -> None:
        self._target = target
        self._connection = connection
        self._length = length
        self._key = key_of(length)
        self._repeats = repeats
        self._add_ms: list[float] = []
        self._range_ms: list[float] = []
        self._group_ms: list[float] = []

    async def prepare(self) -> None:
        """Create a group whose place is the middle of the stream."""
        await self._connection.answer(
            requests.create_group(self._key, GROUP, f"{self._length // 2}-0")
        )

    async def run(self) -> None:
        """Measure one round."""
        await self._connection.answer(
            requests.rewind_group(self._key, GROUP, f"{self._length // 2}-0")
        )
        for _ in range(self._repeats):
            self._add_ms.append(await _timed_ms(self._add))
            self._range_ms.append(await _timed_ms(self._range))
            self._group_ms.append(await _timed_ms(self._group_cycle))

    def result(self) -> Result:
        """The medians of all rounds."""
        return Result(
            self._target,
            self._length,
            median(self._add_ms),
            median(self._range_ms),
            median(self._group_ms),
        )

    async def _add(self) -> None:
        await self._connection.answer(requests.add(self._key))

    async def _range(self) -> None:
        start = f"{self._length // 2}-0"
        await self._connection.answer(requests.range_from(self._key, start, RANGE_COUNT))

    async def _group_cycle(self) -> None:
        found = await self._connection.result(requests.read_group(self._key, GROUP, "one", BATCH))
        ids = [entry_id for entry_id, _ in found[self._key]]
        await self._connection.answer(requests.acknowledge(self._key, GROUP, ids))


async def _timed_ms(action: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await action()
    return (time.perf_counter() - started) * 1000
