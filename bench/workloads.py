"""The workloads that wrk makes. Each has one kind of request."""

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
    """A load, and the targets to measure with it."""

    name: str
    title: str
    connections: int
    # For how many units one request counts.
    amount: int
    unit: str
    # The targets beside `plates`. Of a peer's name only the first word is given.
    others: Sequence[str]
    rest: Sequence[Request]
    # The requests for webdis, if it can do this; `webdis_amount` is for how many units one counts.
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
"""Workloads that are compared with each other, and therefore run in the same rounds."""

PREPARATION = [requests.add_batch(key, READ_COUNT) for key in READ_STREAMS]
"""The requests that fill the streams of the reading workloads, sent once to each target."""
