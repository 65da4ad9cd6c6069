"""Runs the workloads that wrk makes, each target in turn, round after round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import client, pgbench
from bench.load import Measurement, wrk
from bench.targets import Target, Targets
from bench.workloads import COMPARED, PREPARATION, WORKLOADS, Workload

OURS = "plates"
WARM_UP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one workload measured for each target, round by round. The first target is `plates`."""

    name: str
    title: str
    generator: str
    unit: str
    rounds: dict[str, list[Measurement]]


def run_all(targets: Targets, *, rounds: int, seconds: float) -> Iterator[Result]:
    """Measure every workload against every target that takes it."""
    for target in targets.by_name.values():
        if target.dialect == "rest" and target.name != "DRF no-op":
            for request in PREPARATION:
                client.send_and_wait(target, request)
    for together in _groups():
        runs = [_Run(workload, targets, seconds) for workload in together]
        for run in runs:
            run.warm_up()
        for _ in range(rounds):
            for run in runs:
                run.round()
        yield from (run.result() for run in runs)


def _groups() -> Iterator[list[Workload]]:
    """The workloads in order. Workloads that are compared with each other are in one list."""
    by_name = {workload.name: workload for workload in WORKLOADS}
    groups = {name: names for names in COMPARED for name in names}
    while by_name:
        first = next(iter(by_name))
        yield [by_name.pop(name) for name in groups.get(first, (first,))]


class _Run:
    """Measures a workload against all its targets, round by round."""

    def __init__(self, workload: Workload, targets: Targets, seconds: float) -> None:
        self._workload = workload
        self._targets = targets
        self._seconds = seconds
        self._rivals = _rivals(workload, targets)
        self._found: dict[str, list[Measurement]] = {target.name: [] for target in self._rivals}
        self._statement = pgbench.program() and pgbench.STATEMENTS.get(workload.name)
        if self._statement:
            self._found[pgbench.NAME] = []

    def warm_up(self) -> None:
        for target in self._rivals:
            _measure(self._workload, target, min(WARM_UP_SECONDS, self._seconds))

    def round(self) -> None:
        for target in self._rivals:
            self._found[target.name].append(_measure(self._workload, target, self._seconds))
        if self._statement:
            rate = pgbench.run(
                self._statement, self._targets, self._workload.connections, self._seconds
            )
            self._found[pgbench.NAME].append(Measurement(rate * self._workload.amount))

    def result(self) -> Result:
        workload = self._workload
        generator = f"wrk, {workload.connections} connections"
        return Result(workload.name, workload.title, generator, workload.unit, self._found)


def _rivals(workload: Workload, targets: Targets) -> list[Target]:
    """The targets of the workload that could be started, `plates` first."""
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
    # webdis cannot take many adds in one request, so more connections send them one by one.
    connections = 64 if is_webdis else workload.connections
    measured = wrk(target, shapes, connections=connections, seconds=seconds)
    return measured.scaled(workload.webdis_amount if is_webdis else workload.amount)


def ratios(result: Result, other: str) -> Sequence[float]:
    """How many times the other's rate ours was, round by round."""
    return [
        ours.per_second / theirs.per_second
        for ours, theirs in zip(result.rounds[OURS], result.rounds[other], strict=True)
    ]
