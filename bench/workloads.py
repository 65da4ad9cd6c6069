"""The workloads of one request shape, all made by wrk."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import requests
from bench.load import Request
from bench.requests import BATCH, WORDS

STREAMS = 1_000
READ_STREAMS = [f"read{n}" for n in range(16)]
READ_COUNT = 1_000

PEERS = ("starlette",)
WITH_WEBDIS = (*PEERS, "webdis")
ADDS = ("DRF no-op", "each add alone", *WITH_WEBDIS)


@dataclass(frozen=True, slots=True)
class Workload:
    """A load, and what it is compared with."""

    name: str
    title: str
    connections: int
    # What one request counts for.
    amount: int
    unit: str
    # Beside `plates`; of a peer only the first word of its name.
    others: Sequence[str]
    rest: Sequence[Request]
    # The same for webdis, where it can do it; `webdis_amount` is what one of these counts for.
    webdis: Sequence[Request] = ()
    webdis_amount: int = 1


def _webdis_add(key: str) -> Request:
    return Request("POST", "/", "/".join(["XADD", key, "*", *WORDS]))


SPREAD = [f"spread{n}" for n in range(STREAMS)]
BATCHED = [f"batch{n}" for n in range(16)]

WORKLOADS = (
    Workload(
        "add",
        "Single add, spread over 1 000 streams",
        64,
        1,
        "entries",
        ADDS,
        [requests.add(key) for key in SPREAD],
        [_webdis_add(key) for key in SPREAD],
    ),
    Workload(
        "hot",
        "Single add, one hot stream",
        64,
        1,
        "entries",
        ADDS,
        [requests.add("hot")],
        [_webdis_add("hot")],
    ),
    Workload(
        "batch",
        "Batches of 100 entries (webdis: its single adds)",
        16,
        BATCH,
        "entries",
        WITH_WEBDIS,
        [requests.add_batch(key) for key in BATCHED],
        [_webdis_add(key) for key in BATCHED],
    ),
    Workload(
        "pipeline",
        "Pipelines of 100 XADDs",
        16,
        BATCH,
        "commands",
        PEERS,
        [requests.pipeline([key] * BATCH) for key in BATCHED],
    ),
    Workload(
        "range",
        "Range of 1 000 entries",
        16,
        READ_COUNT,
        "entries",
        PEERS,
        [requests.range_from(key, "-", READ_COUNT) for key in READ_STREAMS],
    ),
    Workload(
        "newest",
        "Read of the newest entry",
        64,
        1,
        "reads",
        PEERS,
        [requests.read(key, "+") for key in READ_STREAMS],
    ),
    Workload(
        "length",
        "Length",
        64,
        1,
        "lengths",
        WITH_WEBDIS,
        [requests.length(key) for key in SPREAD],
        [Request("GET", f"/XLEN/{key}") for key in SPREAD],
    ),
)

COMPARED = (("add", "hot"),)
"""Workloads that are compared with each other: they run in the same rounds."""

PREPARATION = [requests.add_batch(key, READ_COUNT) for key in READ_STREAMS]
"""What the reading workloads need, to be sent once to each target that they run against."""
