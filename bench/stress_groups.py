"""Stress a consumer group of a running server: producers, crashing consumers, and a reaper.

    python -m bench stress-groups --url http://127.0.0.1:8000 --plate demo --key plt_… --seconds 60

Producers add entries. Consumers read and acknowledge them, but now and then a consumer forgets the
entries it has read, as if it had crashed. A reaper claims forgotten entries with XAUTOCLAIM. At the
end every entry whose add succeeded must have been processed at least once, and no entry may be
pending. The exit status says whether this is so.
"""

import argparse
import http.client
import json
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

PRODUCERS = 4
CONSUMERS = 4
ENTRIES_AT_ONCE = 20
CRASHES = 0.05
"""After what share of its reads a consumer crashes before it processes the entries."""

LEFT_LYING_MS = 500
"""After how long the reaper claims an entry."""

DRAIN_SECONDS = 60
"""How long the group may take to process the rest after the producers have stopped."""


class Stress:
    """The entries that were added and processed. All threads share this object."""

    def __init__(self, url: str, plate: str, key: str) -> None:
        self._address = urlsplit(url).netloc
        self._plate = plate
        self._headers = {"Authorization": key, "Content-Type": "application/json"}
        self._stream = f"stress-{secrets.token_hex(4)}"
        self._producing = threading.Event()
        self._consuming = threading.Event()
        self.added: set[str] = set()
        self.processed: set[str] = set()
        self.crashes = 0

    def run(self, seconds: float) -> bool:
        """Produce for `seconds`, then wait for the rest. Whether every entry was processed."""
        self._call("XGROUP", "CREATE", self._stream, "g", "$", "MKSTREAM")
        self._producing.set()
        self._consuming.set()
        threads = [threading.Thread(target=self._produce) for _ in range(PRODUCERS)]
        threads += [
            threading.Thread(target=self._consume, args=(f"c{n}",)) for n in range(CONSUMERS)
        ]
        threads.append(threading.Thread(target=self._reap))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._producing.clear()
        drained = _until(self._is_drained, DRAIN_SECONDS)
        self._consuming.clear()
        for thread in threads:
            thread.join()
        return drained and self.added <= self.processed

    def _produce(self) -> None:
        while self._producing.is_set():
            entry_id = self._call("XADD", self._stream, "*", "n", secrets.token_hex(4))
            self.added.add(entry_id)

    def _consume(self, name: str) -> None:
        words = ("XREADGROUP", "GROUP", "g", name, "COUNT", ENTRIES_AT_ONCE, "BLOCK", 500)
        while self._consuming.is_set():
            read = self._call(*words, "STREAMS", self._stream, ">") or {}
            self._process([entry[0] for entry in read.get(self._stream, [])], CRASHES)

    def _reap(self) -> None:
        cursor = "0-0"
        while self._consuming.is_set():
            words = ("XAUTOCLAIM", self._stream, "g", "reaper", LEFT_LYING_MS, cursor)
            cursor, claimed, _ = self._call(*words)
            self._process([entry[0] for entry in claimed], 0)
            if cursor == "0-0":
                time.sleep(LEFT_LYING_MS / 1000)

    def _process(self, ids: list[str], crash_rate: float) -> None:
        if random.random() < crash_rate:
            self.crashes += 1
            return
        if ids:
            self.processed.update(ids)
            self._call("XACK", self._stream, "g", *ids)

    def _is_drained(self) -> bool:
        (group,) = self._call("XINFO", "GROUPS", self._stream)
        return bool(group["lag"] == 0 and group["pending"] == 0)

    def _call(self, *words: Any) -> Any:
        command, *args = words
        connection = http.client.HTTPConnection(self._address, timeout=60)
        body = json.dumps({"command": command, "args": args})
        connection.request("POST", f"/{self._plate}/streams/command", body, self._headers)
        answer = json.load(connection.getresponse())
        connection.close()
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer["data"]["result"]


def _until(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options: which server, which plate, and for how long."""
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--plate", default="demo")
    parser.add_argument("--key", required=True)
    parser.add_argument("--seconds", type=float, default=60)


def run(options: argparse.Namespace) -> int:
    """Stress the server, print the outcome, and return the exit status."""
    stress = Stress(options.url, options.plate, options.key)
    all_processed = stress.run(options.seconds)
    print(
        f"added {len(stress.added)}, processed {len(stress.processed)},"
        f" crashes {stress.crashes}, lost {len(stress.added - stress.processed)}:"
        f" {'all processed' if all_processed else 'NOT all processed'}"
    )
    return not all_processed
