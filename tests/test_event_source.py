"""A browser's EventSource follows a tail through disconnects: nothing is missing, nothing twice.

The page comes from a small server of its own, which has the key and gets tickets for it, as
docs/tailing.md recommends. Unlike there, no proxy makes the two servers one origin. A flag lets the
browser read from both.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.polling import eventually
from tests.servers import LivePlate, RunServer, Server

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-web-security",
    "--remote-debugging-port=0",
]

# A browser starts slowly on a busy machine, and reconnects after some seconds.
WITHIN_SECONDS = 40

PAGE = b"""
<!DOCTYPE html>
<script>
  let last = "", reports = Promise.resolve();

  function report(what) {
    const body = JSON.stringify(what);
    reports = reports.then(() => fetch("/reports", {method: "POST", body}));
  }

  async function open() {
    const answer = await fetch("/tail-url?" + new URLSearchParams({last}));
    if (!answer.ok) return setTimeout(open, 200);
    const source = new EventSource(await answer.text());
    source.onopen = () => report({connected: true});
    source.onmessage = event => {
      last = event.lastEventId;
      report({id: event.lastEventId, entry: JSON.parse(event.data)});
    };
    source.onerror = () => {
      // The server refused the ticket. Otherwise the browser reconnects by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 200);
    };
  }

  open();
</script>
"""


class Page:
    """The page's own server, and what the page has reported to it."""

    def __init__(self, plate: LivePlate) -> None:
        self.plate = plate
        self.reports: list[dict[str, Any]] = []
        self.tickets = 0

    @property
    def ids(self) -> list[str]:
        """The IDs of the events that the page got, in their order."""
        return [report["id"] for report in self.reports if "id" in report]

    @property
    def connections(self) -> int:
        """How often the page's EventSource has connected."""
        return sum("connected" in report for report in self.reports)

    def tail_url(self, last: str) -> str:
        """Where to follow the tail, with a new ticket; after the last event if there was one."""
        answer = self.plate.post("/streams/tickets", {"keys": ["events"]})
        answer.raise_for_status()
        self.tickets += 1
        query = {"ticket": answer.json()["data"]["result"]["ticket"], "from": "0"}
        if last:
            query["last_event_id"] = last
        return f"{self.plate.http.base_url}/{self.plate.name}/streams/tail/events?" + urlencode(
            query
        )

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Serves the page and takes its reports."""
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/tail-url":
                    self._answer_tail_url(parse_qs(parts.query).get("last", [""])[0])
                else:
                    self._answer(PAGE, "text/html")

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                page.reports.append(json.loads(text))
                self._answer(b"", "text/plain")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def _answer_tail_url(self, last: str) -> None:
                try:
                    self._answer(page.tail_url(last).encode(), "text/plain")
                except httpx.HTTPError:
                    self.send_error(503)

            def _answer(self, body: bytes, content_type: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


@pytest.fixture
def server_to_kill(run_server: RunServer) -> Iterator[Server]:
    """A server of the test's own, which the test may stop and kill."""
    with run_server() as running:
        yield running


@pytest.fixture
def page(server_to_kill: Server, tmp_path: Path) -> Iterator[Page]:
    """A page that a browser has opened, and that follows the stream `events` from its start."""
    plate = server_to_kill.new_plate()
    page = Page(plate)
    with (
        plate.http,
        ThreadingHTTPServer(("127.0.0.1", 0), page.handler()) as pages,
    ):
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        with browser(f"http://127.0.0.1:{pages.server_port}/", tmp_path):
            yield page
        pages.shutdown()
        thread.join()


@contextmanager
def browser(url: str, directory: Path) -> Iterator[None]:
    """A headless browser with the page open, in a process group of its own."""
    assert BROWSER
    profile = f"--user-data-dir={directory / 'profile'}"
    with (directory / "browser").open("wb") as output:
        process = subprocess.Popen(
            [BROWSER, *FLAGS, profile, url],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def add(page: Page, *ids: str) -> None:
    for entry_id in ids:
        page.plate.run("XADD", "events", entry_id, "f", "v")


def sees(page: Page, *ids: str) -> None:
    """Wait until the page has seen that many events, which must be these."""
    eventually(lambda: len(page.ids) >= len(ids), within_seconds=WITHIN_SECONDS)
    assert page.ids == list(ids)


def test_it_goes_on_by_itself_after_the_server_was_killed(
    page: Page, server_to_kill: Server
) -> None:
    add(page, "1-0", "2-0")
    sees(page, "1-0", "2-0")
    add(page, "3-0")
    sees(page, "1-0", "2-0", "3-0")
    server_to_kill.kill()
    server_to_kill.start()
    add(page, "4-0")
    sees(page, "1-0", "2-0", "3-0", "4-0")
    add(page, "5-0")
    sees(page, "1-0", "2-0", "3-0", "4-0", "5-0")
    assert page.connections == 2
    # It was the browser that resumed, with the same ticket.
    assert page.tickets == 1
    assert page.reports[-1]["entry"] == ["5-0", ["f", "v"]]


def test_with_a_new_ticket_it_goes_on_where_it_was(page: Page, server_to_kill: Server) -> None:
    add(page, "1-0", "2-0")
    sees(page, "1-0", "2-0")
    server_to_kill.stop()
    # The server now refuses the tickets that it has signed, as it does after a minute.
    server_to_kill.environment["SECRET_KEY"] = "another key, " * 4
    server_to_kill.start()
    add(page, "3-0")
    sees(page, "1-0", "2-0", "3-0")
    assert page.tickets == 2
    # The ID in the URL is now older than where the browser is: the header counts.
    server_to_kill.kill()
    server_to_kill.start()
    add(page, "4-0")
    sees(page, "1-0", "2-0", "3-0", "4-0")
    assert page.tickets == 2
