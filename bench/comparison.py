"""Compares the service with what a user would choose instead, one section after the other."""

import argparse
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import goals, groups, growth, long_range, readers, report, throughput
from bench.processes import ROOT
from bench.targets import FSYNC_POLICIES, Targets, all_targets

DOCS = ROOT / "docs"
PAGE = DOCS / "benchmarks.md"
PICTURES = DOCS / "benchmarks"

SECTIONS = ("throughput", "groups", "growth", "readers")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a run measures."""

    rounds: int
    # How long each measurement lasts.
    seconds: float
    fsync_policies: tuple[str, ...]
    lengths: Sequence[int]
    growth_repeats: int
    readers: Sequence[int]


FULL = Effort(3, 3.0, FSYNC_POLICIES, (10_000, 1_000_000, 10_000_000), 20, (1, 100, 1_000, 5_000))
QUICK = Effort(1, 1.0, ("always",), (10_000, 100_000), 10, (500,))


@dataclass(slots=True)
class Findings:
    """What the sections have found so far."""

    throughput: list[throughput.Result]
    grown: list[growth.Result]
    long_ranges: list[long_range.Result]
    blocked: list[readers.Result]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the sections to measure. If none is named, all are measured."""
    parser.add_argument(
        "sections",
        nargs="*",
        type=_section,
        metavar="SECTION",
        help=f"measure only some of {', '.join(SECTIONS)}",
    )


def run_full(options: argparse.Namespace) -> int:
    """Print the tables of a long run. If no section is named, write the page, too."""
    page, findings = _run(FULL, options.sections or SECTIONS)
    if not options.sections:
        PAGE.write_text(page + _pictures(findings), encoding="utf-8")
        _say(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def run_quick(options: argparse.Namespace) -> int:
    """Print the tables of a short run."""
    _run(QUICK, options.sections or SECTIONS)
    return 0


def _section(text: str) -> str:
    if text not in SECTIONS:
        raise argparse.ArgumentTypeError(f"there is no section {text!r}")
    return text


def _run(effort: Effort, sections: Sequence[str]) -> tuple[str, Findings]:
    """Measure and print. Returns the page that was printed, and the findings in it."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is missing, which makes most of the load")
    # SIGTERM raises an exception, so that the servers that were started are stopped, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with all_targets(fsync_policies=effort.fsync_policies) as targets:
        findings = _measure(targets, effort, sections)
        page = _page(targets, findings)
    print(page)
    return page, findings


def _measure(targets: Targets, effort: Effort, sections: Sequence[str]) -> Findings:
    findings = Findings([], [], [], [])
    if "throughput" in sections:
        for result in throughput.run_all(targets, rounds=effort.rounds, seconds=effort.seconds):
            _say(report.workload(result))
            findings.throughput.append(result)
    if "groups" in sections:
        findings.throughput += groups.run_all(targets, rounds=effort.rounds, seconds=effort.seconds)
    if "growth" in sections:
        findings.grown = growth.run_all(
            targets, effort.lengths, rounds=effort.rounds, repeats=effort.growth_repeats
        )
        findings.long_ranges = [
            long_range.measure(targets.by_name[throughput.OURS], growth.key_of(length), length)
            for length in effort.lengths
            if length >= long_range.SHORTEST
        ]
    if "readers" in sections:
        findings.blocked = readers.run_all(
            targets, effort.readers, rounds=effort.rounds, seconds=effort.seconds
        )
    return findings


def _page(targets: Targets, findings: Findings) -> str:
    found = findings.throughput, findings.grown, findings.long_ranges, findings.blocked
    return report.page(targets, *found, list(goals.judged(*found)))


def _pictures(findings: Findings) -> str:
    from bench import plots

    names = plots.draw_all(PICTURES, findings.throughput, findings.grown, findings.blocked)
    links = (f"![{Path(name).stem}](benchmarks/{name})\n" for name in names)
    return "\n" + "\n".join(["## Pictures\n", *links])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
