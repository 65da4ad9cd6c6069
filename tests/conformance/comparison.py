"""What two servers must tell alike, and what Redis 8.0 tells where 7.0 tells something else."""

import re
from typing import Any

from tests.conformance.words import Words

_TEXTS_IN_8 = {
    # XADD-9
    "ERR Elements are too large to be stored": (
        "ERR The ID specified in XADD is equal or smaller than the target stream top item"
    ),
}

_NOT_COMPARED = frozenset(
    # Times, and an inner figure of Redis' own storage.
    ("idle", "inactive", "seen-time", "active-time", "radix-tree-nodes")
)

_COUNTERS = frozenset(("entries-read", "lag"))

_IDLE_STEP = 100_000
_VERY_IDLE = 10


def comparable(words: Words, reply: Any) -> Any:
    """The reply less times, and less counters whose rules changed since 7.0.

    What remains of an idle time tells those apart that XCLAIM has set. The counters of groups are
    left while nothing was deleted but by trimming, in XINFO STREAM FULL, which tells that.
    """
    match words:
        case ["XPENDING", _, _, _, *_] if isinstance(reply, list):
            return [[*row[:2], _rough(row[2]), *row[3:]] for row in reply]
        case ["XINFO", "STREAM", _, "FULL", *_] if reply.get("max-deleted-entry-id") == "0-0":
            return _without(reply, _NOT_COMPARED)
        case ["XINFO", *_]:
            return _without(reply, _NOT_COMPARED | _COUNTERS)
    return reply


def in_8(reply: Any) -> Any:
    """What Redis 8.0 tells where 7.0 gave this comparable reply."""
    match reply:
        case {"error": text}:
            return {"error": _TEXTS_IN_8.get(text, text)}
        case {"max-deleted-entry-id": "0-0", "groups": list(groups)}:
            return {**reply, "groups": [_lag_in_8(reply, group) for group in groups]}
    return reply


def is_below(entry_id: str, other: str) -> bool:
    """Whether this is an ID, perhaps without its sequence number, less than the other one."""
    return re.fullmatch(r"\d+(-\d+)?", entry_id) is not None and _pair(entry_id) < _pair(other)


def _lag_in_8(stream: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """A group of a stream from which nothing was deleted but by trimming (LAG-3)."""
    if stream["length"] == 0:
        return {**group, "lag": 0}
    if is_below(group["last-delivered-id"], stream["recorded-first-entry-id"]):
        return {**group, "lag": stream["length"] if stream["entries-added"] else 0}
    return group


def _pair(entry_id: str) -> tuple[int, int]:
    ms, _, seq = entry_id.partition("-")
    return int(ms), int(seq or 0)


def _rough(idle: int) -> int:
    return min(round(idle / _IDLE_STEP), _VERY_IDLE)


def _without(reply: Any, names: frozenset[str]) -> Any:
    if isinstance(reply, dict):
        return {name: _without(value, names) for name, value in reply.items() if name not in names}
    if isinstance(reply, list):
        return [_without(value, names) for value in reply]
    return "a time" if isinstance(reply, int) and reply > 10**12 else reply
