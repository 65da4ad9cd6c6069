"""Make a stream in one line of a test, and look at it in another."""

from typing import Any

from tests.api import Api


def add(api: Api, key: str, *ids: str) -> None:
    """Add an entry `f v` with each of the IDs, in one request."""
    entries = [{"id": entry_id, "values": {"f": "v"}} for entry_id in ids]
    assert len(api.post("/streams/add", {"key": key, "entries": entries}).result) == len(ids)


def add_numbered(api: Api, key: str, count: int, *, first: int = 1) -> None:
    """Add so many entries `f v`: 1-0, 2-0, …"""
    add(api, key, *(f"{ms}-0" for ms in range(first, first + count)))


def entry(entry_id: str) -> list[Any]:
    """An entry of `add` as replies show it."""
    return [entry_id, ["f", "v"]]


def entries(*ids: str) -> list[list[Any]]:
    """Several of them."""
    return [entry(entry_id) for entry_id in ids]


def ids_of(api: Api, key: str) -> list[str]:
    """The IDs of all live entries."""
    return [entry_id for entry_id, _ in api.run("XRANGE", key, "-", "+")]


def counters(api: Api, key: str) -> dict[str, Any]:
    """The state of a stream in short names (ST)."""
    information = api.run("XINFO", "STREAM", key)
    return {
        "length": information["length"],
        "last": information["last-generated-id"],
        "first": information["recorded-first-entry-id"],
        "max_deleted": information["max-deleted-entry-id"],
        "added": information["entries-added"],
    }


def exists(api: Api, key: str) -> bool:
    """Whether there is such a stream, be it empty."""
    return bool(api.send("XINFO", "STREAM", key).status == 200)
