"""Tails as a client of Server-Sent Events sees them; it fails rather than wait for ever."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import httpx

from tests.servers import LivePlate

SILENCE_SECONDS = 10
"""How long a tail may say nothing before the test fails."""

HEARTBEAT = [": still here"]


class Event(NamedTuple):
    """An event's ID, and the value in its data."""

    id: str
    data: Any


class Tail:
    """An open tail."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.blocks = _blocks(response)
        """What comes, in the lines between blank lines."""

    def events(self, count: int) -> list[Event]:
        """The next events that have data; it skips heartbeats."""
        return [next(self._with_data()) for _ in range(count)]

    def ids(self, count: int) -> list[str]:
        """The IDs of the next events."""
        return [event.id for event in self.events(count)]

    def opening(self) -> str:
        """The ID in the first block, which has no data."""
        (line,) = next(self.blocks)
        return line.removeprefix("id: ")

    def _with_data(self) -> Iterator[Event]:
        for block in self.blocks:
            if len(block) == 2:
                entry_id, data = block
                yield Event(entry_id.removeprefix("id: "), json.loads(data.removeprefix("data: ")))


@contextmanager
def tail(
    plate: LivePlate,
    path: str,
    *,
    start: str | None = None,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> Iterator[Tail]:
    """Open a tail with the plate's key, on a connection of its own; closes it at the end.

    `start` goes into the query as `from`.
    """
    if start is not None:
        query["from"] = start
    url = f"/{plate.name}/streams/tail{path}"
    known = {"Authorization": plate.key} if headers is None else headers
    with (
        httpx.Client(base_url=plate.http.base_url, timeout=SILENCE_SECONDS) as client,
        client.stream("GET", url, params=query, headers=known) as response,
    ):
        if response.status_code != 200:
            response.read()
        assert response.status_code == 200, response.text
        yield Tail(response)


def resume(
    plate: LivePlate, path: str, event_id: str, **query: Any
) -> AbstractContextManager[Tail]:
    """Open a tail as an EventSource that reconnects."""
    headers = {"Authorization": plate.key, "Last-Event-ID": event_id}
    return tail(plate, path, headers=headers, **query)


def _blocks(response: httpx.Response) -> Iterator[list[str]]:
    block: list[str] = []
    for line in response.iter_lines():
        if line:
            block.append(line)
        else:
            yield block
            block = []
    assert not block, "the last block was cut off"
