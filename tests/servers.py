"""Real server processes, and commands beside them."""

import hashlib
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx
import psycopg
from psycopg import sql

from plates_project.paths import BASE_DIR
from tests.polling import eventually

# One line for each request would bury what a failed test has to say.
logging.getLogger("httpx").setLevel(logging.WARNING)

MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]
START_SECONDS = 60
STOP_SECONDS = 90
COMMAND_SECONDS = 120
INSERT_PLATE = """
    WITH new AS (INSERT INTO plate (name) VALUES (%s) RETURNING id)
    INSERT INTO api_key (plate_id, name, scope, prefix, digest)
    SELECT id, '', 'manage', %s, %s
    FROM new
"""


@dataclass(frozen=True, slots=True)
class LivePlate:
    """A plate of a real server, and a client that sends its key. Paths begin at the plate."""

    name: str
    key: str
    http: httpx.Client

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request, with httpx's options."""
        return self.http.request(method, f"/{self.name}{path}", **options)

    def post(self, path: str, body: Any) -> httpx.Response:
        """POST a JSON body."""
        return self.request("POST", path, json=body)

    def run(self, *words: Any) -> Any:
        """The result of a Redis command that must succeed."""
        command, *args = words
        answer = self.post("/streams/command", {"command": command, "args": args})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["result"]


class Server:
    """`manage.py serve` in a process group of its own. What it prints goes to a file.

    The file is in the directory, which is its DATA_DIR too unless the environment names another.
    As a context manager it is stopped at the end, and the test fails if it has met a defect.
    """

    def __init__(self, directory: Path, **environment: str) -> None:
        directory.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ours = {"PORT": str(self.port), "DATA_DIR": str(directory)}
        self.environment = {**clean_environment(), **ours, **environment}
        self._output = directory / "output"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            assert "Traceback" not in self.output

    @property
    def pid(self) -> int:
        """The process that was started; its group has the same number."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it has printed since it was made."""
        return self._output.read_text()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.spawn()
        eventually(self._answers, within_seconds=START_SECONDS)

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        with self._output.open("ab") as output:
            self._process = self._spawn(output)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, as an init system would."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Wait for its end; the exit status. Kills it and fails if it does not end in time."""
        assert self._process is not None
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def stop(self) -> int:
        """End it in order, if it runs; the exit status."""
        assert self._process is not None
        # Does nothing to a process that has ended.
        self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        """Kill the process and its workers, none of which has time to do anything."""
        assert self._process is not None
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        # A worker that is slow to die still holds the port.
        eventually(self._can_listen)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command in the server's environment."""
        return manage(*arguments, environment=self.environment)

    def new_plate(self) -> LivePlate:
        """A fresh plate of its own."""
        done = self.manage("createplate", f"plate-{secrets.token_hex(4)}", "--json")
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        return self.plate(facts["plate"], facts["api_key"])

    def quick_plate(self) -> LivePlate:
        """The same without the second that a command takes, where DATABASE_URL is set."""
        name, key = f"plate-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        digest = hashlib.sha256(key.encode()).digest()
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            connection.execute(INSERT_PLATE, [name, key[:8], digest])
        return self.plate(name, key)

    def plate(self, name: str, key: str) -> LivePlate:
        """A plate whose key is known."""
        headers = {"Authorization": key}
        return LivePlate(name, key, httpx.Client(base_url=self.url, headers=headers, timeout=30))

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*MANAGE, "serve"],
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _can_listen(self) -> bool:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.output
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False


RunServer = Callable[..., AbstractContextManager[Server]]
"""Runs a server for the time of a `with`; takes its environment in keywords."""


def manage(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [*MANAGE, *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """The environment without what would configure the service."""
    ours = ("DATABASE_URL", "LISTEN_DATABASE_URL", "DATA_DIR", "HOST", "SECRET_KEY", "LOG_STREAM")
    return {name: value for name, value in os.environ.items() if name not in ours}


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def new_database(maintenance_url: str, encoding: str | None = None) -> Iterator[str]:
    """The URL of a fresh, empty database beside the one given; dropped afterwards."""
    name = f"plates_live_{secrets.token_hex(4)}"
    identifier = sql.Identifier(name)
    statement = sql.SQL("CREATE DATABASE {}").format(identifier)
    if encoding:
        # In a locale that allows for any.
        statement += sql.SQL(" TEMPLATE template0 LOCALE 'C' ENCODING {}").format(encoding)
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(statement)
        try:
            yield f"{maintenance_url.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def shut_out_everybody(maintenance_url: str, database: str) -> None:
    """End all sessions of a database and let nobody in again, so that it can be dropped."""
    refuse = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(refuse.format(sql.Identifier(database)))
        connection.execute(end, [database])
