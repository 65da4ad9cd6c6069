"""Measures commands on a pending entries list of a thousand rows and on one of a million.

    DATABASE_URL=postgresql://… python -m bench pending-list

The study creates a database of its own beside that one, with a stream for each length. All entries
of a stream are pending in one group. The commands run on each stream in turn, without HTTP. The
study prints the medians, their ratio, and the plan that PostgreSQL used for each statement at the
end. `PGOPTIONS="-c plan_cache_mode=force_generic_plan"` makes PostgreSQL use generic plans.
"""

import argparse
import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median
from typing import Any, cast

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

CONSUMERS = 10
GROUP, NEW_GROUP = "workers", "readers"
COUNT = 100
NEVER_IDLE_MS = 10**13
TABLES = ("stream", "entry", "consumer_group", "consumer", "pending_entry")

FILL_STREAM = """
    INSERT INTO stream (
        plate_id, key, length, entries_added, last_generated_ms, recorded_first_ms
    )
    VALUES (%(plate)s, %(key)s, %(rows)s, %(rows)s, %(rows)s, 1)
    RETURNING id
"""
FILL_ENTRIES = """
    INSERT INTO entry (plate_id, stream_id, ms, seq, fields)
    SELECT %(plate)s, %(stream)s, number, 0, '["type", "signup", "user_id", "123"]'
    FROM generate_series(1, %(rows)s::bigint) AS number
"""
FILL_GROUP = """
    INSERT INTO consumer_group (plate_id, stream_id, name, last_delivered_ms, entries_read)
    VALUES (%(plate)s, %(stream)s, %(group)s, %(rows)s, %(rows)s)
    RETURNING id
"""
FILL_CONSUMERS = """
    INSERT INTO consumer (plate_id, group_id, name, seen_at, active_at, pending_count)
    SELECT %(plate)s, %(group)s, convert_to('consumer-' || number, 'UTF8'), 0, 0, %(each)s
    FROM generate_series(0, %(consumers)s - 1) AS number
    RETURNING id
"""
FILL_PENDING = """
    INSERT INTO pending_entry (
        plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
    )
    SELECT %(plate)s, %(group)s, number, 0,
           (%(consumers)s::bigint[])[1 + number %% cardinality(%(consumers)s::bigint[])], 0, 1
    FROM generate_series(1, %(rows)s::bigint) AS number
"""
# Each round leaves dead rows. Autovacuum is off, so the study removes them every few rounds.
VACUUM = "VACUUM (INDEX_CLEANUP on) pending_entry"
VACUUM_ROUNDS = 5

SHOW_PLANS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_level = notice",
)


@dataclass(slots=True)
class Probe:
    """A stream of one length, and how long each command took on it."""

    key: str
    rows: int
    run: Callable[..., Any]
    cursor: str = "0-0"
    consumers: Iterator[str] = field(
        default_factory=lambda: cycle(f"consumer-{number}" for number in range(CONSUMERS))
    )
    took_ms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def middle(self) -> str:
        """The ID in the middle of the stream."""
        return f"{self.rows // 2}-0"

    def round(self) -> None:
        """Run each command once."""
        self._group_commands()
        self._stream_commands()

    def timed(self, title: str, *words: Any) -> Any:
        """Run a command, note how long it took, and return its reply."""
        started = time.perf_counter()
        reply = self.run(*words)
        self.took_ms.setdefault(title, []).append((time.perf_counter() - started) * 1000)
        return reply

    def _group_commands(self) -> None:
        claim = ("XAUTOCLAIM", self.key, GROUP, next(self.consumers))
        self.cursor, *_ = self.timed("XAUTOCLAIM of 100", *claim, 0, self.cursor)
        never = NEVER_IDLE_MS
        self.timed("XAUTOCLAIM, none of 1 000 idle", *claim, never, "0-0")
        pending = ("XPENDING", self.key, GROUP)
        self.timed("XPENDING, summary", *pending)
        self.timed("XPENDING of 100", *pending, self.middle, "+", COUNT)
        self.timed("XPENDING of 100, idle", *pending, "IDLE", 1, "-", "+", COUNT)
        self.timed("XPENDING IDLE, none idle", *pending, "IDLE", never, "-", "+", COUNT)
        own = (self.middle, "+", COUNT, "consumer-3")
        self.timed("XPENDING of 100 of a consumer", *pending, *own)
        self.timed("XPENDING of a consumer, idle", *pending, "IDLE", 1, *own)
        read = ("XREADGROUP", "GROUP", GROUP, "consumer-3", "COUNT", COUNT, "STREAMS", self.key)
        self.timed("XREADGROUP, history of 100", *read, "0")
        ids = [f"{self.rows // 2 - place}-0" for place in range(COUNT)]
        assert self.timed("XACK of 100", "XACK", self.key, GROUP, *ids) == COUNT
        again = ("XCLAIM", self.key, GROUP, next(self.consumers), 0, *ids, "FORCE", "JUSTID")
        assert len(self.timed("XCLAIM FORCE of 100", *again)) == COUNT
        step = self.rows // COUNT
        spread = [f"{1 + place * step}-0" for place in range(COUNT)]
        self.timed("XCLAIM of 100, far apart", "XCLAIM", self.key, GROUP, "consumer-3", 0, *spread)

    def _stream_commands(self) -> None:
        self.timed("XADD", "XADD", self.key, "*", "type", "signup", "user_id", "123")
        self.timed("XRANGE of 100", "XRANGE", self.key, self.middle, "+", "COUNT", COUNT)
        self.timed("XREVRANGE of 100", "XREVRANGE", self.key, self.middle, "-", "COUNT", COUNT)
        self.timed("XREAD, newest", "XREAD", "STREAMS", self.key, "+")
        self.timed("XREAD of 100", "XREAD", "COUNT", COUNT, "STREAMS", self.key, self.middle)
        self.run("XGROUP", "SETID", self.key, NEW_GROUP, self.middle)
        read = ("GROUP", NEW_GROUP, "one", "COUNT", COUNT, "STREAMS", self.key, ">")
        found = self.timed("XREADGROUP, new 100", "XREADGROUP", *read)
        ids = [entry_id for entry_id, _ in as_json(found)[self.key]]
        self.run("XACK", self.key, NEW_GROUP, *ids)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options: how long the lists are, and what the planner knows of them."""
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--statistics",
        choices=("fresh", "stale", "none"),
        default="fresh",
        help="for all streams; for the first stream only; for none (default: fresh)",
    )
    parser.add_argument("--all-plans", action="store_true", help="print the plans at each length")


def run(options: argparse.Namespace) -> int:
    """Fill the streams, measure the commands, and print the results."""
    with _database_of_its_own(), asyncio.Runner() as loop:
        _prepare_django()
        from django.db import connection

        from streams.store import pool

        probes = _filled(options.rows, options.statistics, loop)
        for number in range(options.rounds):
            if number % VACUUM_ROUNDS == 0:
                connection.cursor().execute(VACUUM)
            for probe in probes:
                probe.round()
        _print_medians(probes)
        for probe in probes if options.all_plans else probes[-1:]:
            _print_plans(probe, loop)
        loop.run(pool.close())
        cast("DatabaseWrapper", connection).close_pool()
    return 0


def as_json(reply: Any) -> Any:
    """A reply as its client sees it: parts of it may be rendered already."""
    import orjson

    return orjson.loads(orjson.dumps(reply))


@contextmanager
def _database_of_its_own() -> Iterator[None]:
    beside = os.environ["DATABASE_URL"]
    name = f"bench_pending_{secrets.token_hex(4)}"
    with psycopg.connect(beside, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        os.environ["DATABASE_URL"] = re.sub(r"/[^/?]*(?=\?|$)", f"/{name}", beside, count=1)
        try:
            yield
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _prepare_django() -> None:
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "plates_project.settings"
    # The API has but one connection, which shows its plans at the end.
    os.environ["DATABASE_CONNECTIONS"] = "5"
    django.setup()
    call_command("migrate", verbosity=0)


def _filled(lengths: Sequence[int], statistics: str, loop: asyncio.Runner) -> list[Probe]:
    """Create a stream of each length, and gather the statistics that the option asks for."""
    from streams.models import Plate

    plate = Plate.objects.create(name="bench").pk
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        print(*connection.execute("SELECT version()"), file=sys.stderr)
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        probes = []
        for length in lengths:
            _fill(connection, plate, length)
            probes.append(Probe(f"pending-{length}", length, _runner(plate, loop)))
            if statistics == "stale" and length == lengths[0]:
                connection.execute("ANALYZE")
        connection.execute("VACUUM ANALYZE" if statistics == "fresh" else "CHECKPOINT")
    return probes


def _fill(connection: psycopg.Connection[Any], plate: int, rows: int) -> None:
    def one(statement: str, **words: Any) -> list[Any]:
        cursor = connection.execute(statement, {"plate": plate, "rows": rows, **words})
        return [row[0] for row in cursor] if cursor.description else []

    (stream,) = one(FILL_STREAM, key=f"pending-{rows}".encode())
    one(FILL_ENTRIES, stream=stream)
    one(FILL_GROUP, stream=stream, group=NEW_GROUP.encode())
    (group,) = one(FILL_GROUP, stream=stream, group=GROUP.encode())
    each = rows // CONSUMERS
    consumers = one(FILL_CONSUMERS, group=group, consumers=CONSUMERS, each=each)
    one(FILL_PENDING, group=group, consumers=consumers)


def _runner(plate: int, loop: asyncio.Runner) -> Callable[..., Any]:
    """A function that runs a command as the command endpoints do."""
    from streams.commands import registry
    from streams.domain.plates import PlateId

    def run(*words: Any) -> Any:
        command = registry.parse([str(word) for word in words])
        return command.reply(loop.run(command.execute(PlateId(plate))))

    return run


def _print_medians(probes: Sequence[Probe]) -> None:
    print("| command |", " | ".join(f"{probe.rows} rows, ms" for probe in probes), "| ratio |")
    print("|---|" + "---|" * (len(probes) + 1))
    for title in probes[0].took_ms:
        medians = [median(probe.took_ms[title]) for probe in probes]
        cells = " | ".join(f"{value:.2f}" for value in medians)
        print(f"| {title} | {cells} | {medians[-1] / medians[0]:.2f} |")


def _print_plans(probe: Probe, loop: asyncio.Runner) -> None:
    """Run one more round, and print the plans that the prepared statements have by now."""
    seen: set[str] = set()

    def show(diagnostic: psycopg.errors.Diagnostic) -> None:
        text = diagnostic.message_primary or ""
        if text not in seen:
            seen.add(text)
            print(text)

    loop.run(_tell_plans(show))
    print(f"\n{probe.rows} rows")
    probe.round()


async def _tell_plans(show: Callable[[psycopg.errors.Diagnostic], None]) -> None:
    from streams.store import pool

    async with pool.connection() as raw:
        for statement in SHOW_PLANS:
            await raw.execute(statement)
        raw.add_notice_handler(show)
