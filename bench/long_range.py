"""Measures when the reply with a whole long stream begins, and how much memory it costs."""

import socket
import time
from dataclasses import dataclass

from bench import requests
from bench.client import HEAD_LIMIT, WAIT_SECONDS, encoded
from bench.processes import HOST, family
from bench.targets import Target

SHORTEST = 1_000_000
"""Shorter streams are not measured."""

PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """What a range of all entries cost."""

    length: int
    first_byte_ms: float
    seconds: float
    megabytes: float
    # By how many MB of resident memory a worker grew at most.
    grown_mb: float


def measure(target: Target, key: str, length: int) -> Result:
    """Read the reply to its end, as fast as it comes, and meanwhile watch the workers' memory."""
    before = _resident_mb(target)
    peak, size = before, 0
    with socket.create_connection((HOST, target.port), WAIT_SECONDS) as connection:
        started = time.perf_counter()
        connection.sendall(encoded(target, requests.range_from(key, "-")))
        ending = connection.recv(HEAD_LIMIT)
        first_byte_ms = (time.perf_counter() - started) * 1000
        while not ending.endswith(b"\r\n0\r\n\r\n"):
            part = connection.recv(PART_BYTES)
            if not part:
                raise RuntimeError(f"{target.name}: the reply ended after {size} bytes")
            size += len(part)
            ending = (ending + part)[-7:]
            peak = {pid: max(mb, peak.get(pid, 0.0)) for pid, mb in _resident_mb(target).items()}
        seconds = time.perf_counter() - started
    grown = max(mb - before.get(pid, 0.0) for pid, mb in peak.items())
    return Result(length, first_byte_ms, seconds, size / 1e6, grown)


def _resident_mb(target: Target) -> dict[int, float]:
    return {process.pid: process.memory_info().rss / 1e6 for process in family(target.process)}
