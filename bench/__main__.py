"""`python -m bench STUDY [OPTION …]` runs a study; `python -m bench` lists the studies."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import comparison, pending_list, stress_groups


@dataclass(frozen=True, slots=True)
class Study:
    """Something to measure."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Measures, prints the results, and returns the exit status."""


STUDIES = {
    "full": Study(
        "compare the service with its peers, and write docs/benchmarks.md",
        comparison.add_arguments,
        comparison.run_full,
    ),
    "quick": Study(
        "make the same comparison in two minutes, and only print it",
        comparison.add_arguments,
        comparison.run_quick,
    ),
    "pending-list": Study(
        "measure commands on long pending entries lists, without HTTP; needs DATABASE_URL",
        pending_list.add_arguments,
        pending_list.run,
    ),
    "stress-groups": Study(
        "check that a group of a running server loses no entries while consumers crash",
        stress_groups.add_arguments,
        stress_groups.run,
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one study, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the service.")
    commands = parser.add_subparsers(metavar="STUDY")
    for name, study in STUDIES.items():
        command = commands.add_parser(name, help=study.summary, description=study.summary)
        study.add_arguments(command)
        command.set_defaults(run=study.run)
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
