"""gunicorn with the service's configuration and the application of these tests."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import psutil

from plates_project.paths import BASE_DIR
from tests.servers import Server


class AppServer(Server):
    """One worker of the application. Options are those of gunicorn's command line."""

    def __init__(self, directory: Path, *options: str, **environment: str) -> None:
        ours = {"WEB_CONCURRENCY": "1", "DATABASE_URL": "postgresql:///none"}
        super().__init__(directory, **ours, **environment)
        self._options = options

    def lines(self, words: str) -> list[dict[str, Any]]:
        """The lines of its log in which these words stand."""
        whole = self.output.rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if words in line]

    def connections(self) -> set[int]:
        """The ports of the clients whose connections the workers hold."""
        return {
            connection.raddr.port
            for worker in psutil.Process(self.pid).children()
            for connection in worker.net_connections("tcp")
            if connection.status != psutil.CONN_LISTEN
        }

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        service = ["--config", "python:plates_project.gunicorn"]
        ours = ["--worker-class", "tests.server.app.Worker", *self._options]
        return subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *service, *ours, "tests.server.app:app"],
            cwd=BASE_DIR,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def request(method: str, target: str, *lines: str, version: str = "1.1") -> bytes:
    """The head of a request."""
    head = (f"{method} {target} HTTP/{version}", "Host: localhost", *lines, "", "")
    return "\r\n".join(head).encode("latin-1")
