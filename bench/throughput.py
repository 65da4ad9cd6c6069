"""Runs the workloads of one shape, each target in turn, round after round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import client, pgbench
from bench.load import Measurement, wrk
from bench.targets import Target, Targets
from bench.workloads import PREPARATION, WORKLOADS, Workload

OURS = "plates"
WARM_UP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one workload gave, round by round, for each target; the first is `plates`."""

    name: str
    title: str
    generator: str
    unit: str
    rounds: dict[str, list[Measurement]]


def run_all(targets: Targets, *, rounds: int, seconds: float) -> Iterator[Result]:
    """Every workload against every target that takes it."""
    for target in targets.by_name.values():
        if target.dialect == "rest" and target.name != "DRF no-op":
            for request in PREPARATION:
                client.send_and_wait(target, request)
    for workload in WORKLOADS:
        yield _run(workload, targets, rounds=rounds, seconds=seconds)


def _run(workload: Workload, targets: Targets, *, rounds: int, seconds: float) -> Result:
    rivals = _rivals(workload, targets)
    found: dict[str, list[Measurement]] = {target.name: [] for target in rivals}
    statement = pgbench.STATEMENTS.get(workload.name)
    if statement and pgbench.program():
        found[pgbench.NAME] = []
    for target in rivals:
        _measure(workload, target, min(WARM_UP_SECONDS, seconds))
    for _ in range(rounds):
        for target in rivals:
            found[target.name].append(_measure(workload, target, seconds))
        if statement and pgbench.program():
            rate = pgbench.run(statement, targets, workload.connections, seconds)
            found[pgbench.NAME].append(Measurement(rate * workload.amount))
    generator = f"wrk, {workload.connections} connections"
    return Result(workload.name, workload.title, generator, workload.unit, found)


def _rivals(workload: Workload, targets: Targets) -> list[Target]:
    """Those that the workload is for, and that are there; `plates` first."""
    wanted = (OURS, *workload.others)
    return [
        target
        for kind in wanted
        for name, target in targets.by_name.items()
        if name == kind or name.startswith(f"{kind} (")
    ]


def _measure(workload: Workload, target: Target, seconds: float) -> Measurement:
    is_webdis = target.dialect == "webdis"
    shapes = workload.webdis if is_webdis else workload.rest
    # What webdis cannot send in one request it sends one by one, over more connections.
    connections = 64 if is_webdis else workload.connections
    measured = wrk(target, shapes, connections=connections, seconds=seconds)
    return measured.scaled(workload.webdis_amount if is_webdis else workload.amount)


def ratios(result: Result, other: str) -> Sequence[float]:
    """How many times the other's rate ours was, round by round."""
    return [
        ours.per_second / theirs.per_second
        for ours, theirs in zip(result.rounds[OURS], result.rounds[other], strict=True)
    ]
