"""The requests of the workloads, in the form that the service and the Starlette peer take."""

import json
from collections.abc import Sequence

from bench.load import Request
from bench.targets import PLATE

VALUES = {"type": "signup", "user_id": "123456", "plan": "free", "country": "NO"}
"""The entry that every workload adds."""

WORDS = [word for pair in VALUES.items() for word in pair]
BATCH = 100


def _post(path: str, body: object) -> Request:
    return Request("POST", f"/{PLATE}/{path}", json.dumps(body))


def add(key: str) -> Request:
    """Add one entry."""
    return _post("streams/add", {"key": key, "values": VALUES})


def add_batch(key: str, count: int = BATCH) -> Request:
    """Add several entries at once."""
    return _post("streams/add", {"key": key, "entries": [{"values": VALUES}] * count})


def pipeline(keys: Sequence[str]) -> Request:
    """Add an entry to each of the streams, with one XADD each."""
    return _post("pipeline", [["XADD", key, "*", *WORDS] for key in keys])


def length(key: str) -> Request:
    """Ask how many entries a stream has."""
    return Request("GET", f"/{PLATE}/streams/length/{key}")


def range_from(key: str, start: str, count: int | None = None) -> Request:
    """Read `count` entries from an ID on, or all."""
    query = f"start={start}" if count is None else f"start={start}&count={count}"
    return Request("GET", f"/{PLATE}/streams/range/{key}?{query}")


def read(key: str, start: str, *, block_ms: int | None = None) -> Request:
    """Read the entries above an ID. With `block_ms`, wait for entries if there are none yet."""
    body: dict[str, object] = {"streams": [{"key": key, "id": start}]}
    return _post("streams/read", body if block_ms is None else {**body, "block_ms": block_ms})


def create_group(key: str, group: str, start: str) -> Request:
    """Create a group that begins above an ID."""
    return _post("streams/groups/create", {"key": key, "group": group, "id": start})


def rewind_group(key: str, group: str, start: str) -> Request:
    """Let a group begin above an ID again."""
    return _post("streams/command", {"command": "XGROUP", "args": ["SETID", key, group, start]})


def read_group(key: str, group: str, consumer: str, count: int) -> Request:
    """Read new entries for a consumer."""
    streams = [{"key": key, "id": ">"}]
    body = {"group": group, "consumer": consumer, "streams": streams, "count": count}
    return _post("streams/groups/read", body)


def acknowledge(key: str, group: str, ids: Sequence[str]) -> Request:
    """Take entries off a group's pending entries list."""
    return _post("streams/groups/ack", {"key": key, "group": group, "ids": list(ids)})
