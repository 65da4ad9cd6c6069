"""Makes load of one kind of request with wrk, over many connections."""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.targets import Target

SCRIPT = Path(__file__).parent / "lua" / "requests.lua"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, without the parts that depend on the target: the address and the headers."""

    method: str
    path: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a load measured. Latencies are in milliseconds."""

    per_second: float
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0

    def scaled(self, amount: int) -> "Measurement":
        """The same, but as a rate of things, of which each request has `amount`."""
        return replace(self, per_second=self.per_second * amount)


def wrk(
    target: Target, requests: Sequence[Request], *, connections: int, seconds: float
) -> Measurement:
    """Send the requests in turn. Raises RuntimeError if any was not answered with success."""
    with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
        file.writelines(f"{r.method}\t{r.path}\t{r.body}\n" for r in requests)
        file.flush()
        return _parsed(target, _run(target, file.name, connections, seconds))


def _run(target: Target, requests: str, connections: int, seconds: float) -> str:
    headers = [
        word for name, value in target.headers.items() for word in ("-H", f"{name}: {value}")
    ]
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "20s",
        "-s",
        str(SCRIPT),
        *headers,
        target.url,
        "--",
        requests,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _parsed(target: Target, output: str) -> Measurement:
    (line,) = (line for line in output.splitlines() if line.startswith("RESULT "))
    requests, microseconds, errors, p50, p95, p99 = map(int, line.split()[1:])
    if errors or not requests:
        raise RuntimeError(f"{target.name}: {errors} errors in {requests} requests\n{output}")
    return Measurement(requests / microseconds * 1e6, p50 / 1000, p95 / 1000, p99 / 1000)
