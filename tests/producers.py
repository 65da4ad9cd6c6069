"""Clients that add to a real server through an accident, and note the answers."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from tests.polling import eventually
from tests.servers import LivePlate

CLIENTS = 8
ENOUGH = 200
"""Acknowledged adds before and after an accident."""


class Producers:
    """Clients that add as fast as they can, and note what was acknowledged and refused."""

    def __init__(self, plate: LivePlate, key: str) -> None:
        self._plate = plate
        self._key = key
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self.acknowledged: list[str] = []
        self.refused: list[httpx.Response] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(self._produce) for _ in range(CLIENTS)]
            try:
                yield
            finally:
                self._stop.set()
        for client in clients:
            client.result()

    def have_added(self, count: int) -> None:
        """Wait until so many more adds were acknowledged."""
        wanted = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= wanted, within_seconds=60)

    def _produce(self) -> None:
        while not self._stop.is_set():
            body = {"key": self._key, "values": {"n": next(self._numbers)}}
            try:
                answer = self._plate.post("/streams/add", body)
            except httpx.TransportError:
                continue  # Its worker was killed: not acknowledged.
            if answer.status_code == 200:
                self.acknowledged.append(answer.json()["data"]["result"])
            else:
                self.refused.append(answer)


def all_ids(plate: LivePlate, key: str) -> list[str]:
    """The IDs of all entries of a stream."""
    return [entry[0] for entry in plate.run("XRANGE", key, "-", "+")]
