"""Writes the results as Markdown tables."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

import psycopg

from bench import growth, long_range, readers
from bench.goals import Goal
from bench.load import Measurement
from bench.targets import WORKERS, Targets
from bench.throughput import Result, ratios

Row = Sequence[object]

INTRODUCTION = """\
# Benchmarks

`make bench` writes this page from one run. `make bench-quick` prints a smaller run in two \
minutes. [decisions/limits.md](decisions/limits.md) explains why some goals are not reached. The \
benchmark needs wrk. It leaves out redis-server and webdis if they are missing. All three are \
Debian packages.

{machine}, {workers} workers for each Python server, load generator on the same machine. Such a \
machine is noisy: compare figures within a table, not between runs. Targets are measured in turn, \
round after round. Rates are medians of the rounds. The ratio of each round says how many times \
the other target's rate the rate of plates was.

- **plates**: the service on an embedded PostgreSQL of its own, `fsync=on`: an \
acknowledged entry is on disk.
- **DRF no-op**: a plain Django REST framework endpoint on the same server with the same settings. \
It parses the same body, answers a constant and touches no database.
- **each add alone**: the service, but with a transaction of its own for each add.
- **starlette**: what a Python developer would write by hand, `bench/peers/starlette_app.py`: \
Starlette and redis-py under uvicorn (uvloop, httptools, no access log), on Redis with \
`appendonly yes`, and with the `appendfsync` that stands in brackets. It checks one API key and \
validates nothing.
- **webdis**: webdis on the same Redis, for adds and lengths only.
- **pgbench**: pgbench runs the service's own statement, prepared, on the same PostgreSQL over as \
many connections, without the service.
"""


def page(
    targets: Targets,
    throughput: Sequence[Result],
    grown: Sequence[growth.Result],
    long_ranges: Sequence[long_range.Result],
    blocked: Sequence[readers.Result],
    goals: Sequence[Goal],
) -> str:
    """The whole page, without pictures."""
    parts = [INTRODUCTION.format(machine=_machine(targets), workers=WORKERS)]
    parts += [f"Left out: {text}.\n" for text in targets.missing]
    if goals:
        parts.append(_goals(goals))
    parts += ["## Throughput\n", *map(workload, throughput)]
    if grown:
        parts.append(_growth(grown))
    if long_ranges:
        parts.append(_long_ranges(long_ranges))
    if blocked:
        parts.append(_readers(blocked))
    return "\n".join(parts)


def workload(result: Result) -> str:
    """The section of a workload: the rate, the latencies and the ratios of every target."""
    rows = [
        (name, *_figures(measured), " ".join(f"{ratio:.2f}" for ratio in ratios(result, name)))
        for name, measured in result.rounds.items()
    ]
    head = ("", f"{result.unit}/s", "p50 ms", "p95 ms", "p99 ms", "plates to this, each round")
    return f"### {result.title}\n\n{result.generator}\n\n{table(head, rows)}"


def table(head: Row, rows: Sequence[Row]) -> str:
    """A Markdown table. All columns but the first are aligned right."""
    marks = ["---", *("--:" for _ in head[1:])]
    lines = [head, marks, *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _figures(rounds: Sequence[Measurement]) -> Row:
    latencies = (
        median(m.p50_ms for m in rounds),
        median(m.p95_ms for m in rounds),
        median(m.p99_ms for m in rounds),
    )
    rate = f"{median(m.per_second for m in rounds):,.0f}".replace(",", " ")
    return rate, *(f"{ms:.1f}" if ms else "" for ms in latencies)


def _goals(goals: Sequence[Goal]) -> str:
    rows = [(g.name, f"{g.wanted:g}", f"{g.measured:.2f}", _verdict(g)) for g in goals]
    return "## Goals\n\n" + table(("", "goal", "measured", "reached"), rows)


def _verdict(goal: Goal) -> str:
    return "yes" if goal.is_reached else "no"


def _growth(results: Sequence[growth.Result]) -> str:
    head = ("", "entries", "add ms", "range of 1 000 ms", "group read and ack of 100 ms")
    rows = [
        (r.target, f"{r.length:,}".replace(",", " "), *_ms(r.add_ms, r.range_ms, r.group_ms))
        for r in results
    ]
    how = "asyncio client, one request at a time"
    return f"## Streams of growing length\n\n{how}\n\n{table(head, rows)}"


def _long_ranges(results: Sequence[long_range.Result]) -> str:
    head = ("entries", "first byte ms", "seconds", "MB sent", "largest worker grew by MB")
    rows = [
        (
            f"{r.length:,}".replace(",", " "),
            *_ms(r.first_byte_ms, r.seconds, r.megabytes, r.grown_mb),
        )
        for r in results
    ]
    how = "plates; a range of the whole stream, without count; the client reads as fast as it can"
    return f"## Replies of any size\n\n{how}\n\n{table(head, rows)}"


def _readers(results: Sequence[readers.Result]) -> str:
    head = (
        "", "readers", "streams", "last answer ms", "KB per reader", "idle CPU, % of a core",
        "unrelated add, times slower", "database connections",
    )  # fmt: skip
    rows = [
        (
            r.target,
            r.readers,
            r.streams,
            *_ms(r.last_answer_ms, r.kb_per_reader, r.idle_cpu_percent),
            f"{r.add_slowdown:.2f}",
            "" if r.database_connections is None else r.database_connections,
        )
        for r in results
    ]
    return (
        "## Blocked readers\n\nasyncio client; the unrelated adds by wrk over"
        f" {readers.CONNECTIONS} connections; medians of the rounds. The time of the last answer"
        " begins with the add's own answer. Memory is the growth of the proportional set size in"
        " the first round."
        f"\n\n{table(head, rows)}"
    )


def _ms(*values: float) -> list[str]:
    return [f"{value:.1f}" for value in values]


def _machine(targets: Targets) -> str:
    with psycopg.connect(targets.database_url) as connection:
        version = connection.info.server_version
    return (
        f"{datetime.now(UTC):%-d %B %Y}: {os.cpu_count()} cores, Python"
        f" {platform.python_version()}, PostgreSQL {version // 10_000}.{version % 10_000}"
    )
