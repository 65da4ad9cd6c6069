"""Starts and stops what is measured: the service, variants of it, and its peers.

All of them run at the same time, but only the one that is being measured has work.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from bench.processes import HOST, ROOT, DidNotStart, free_port, python, running
from plates_project.embedded import membership_of

WORKERS = 2
PLATE = "bench"
WEBDIS_THREADS = 2
MAX_BLOCK_MS = 600_000
FSYNC_POLICIES = ("always", "everysec")


@dataclass(frozen=True, slots=True)
class Target:
    """A server that takes requests. Two targets of one dialect take the same requests."""

    name: str
    # `rest` for the service's own paths, `webdis` for commands in the path.
    dialect: str
    port: int
    process: psutil.Process
    headers: Mapping[str, str]
    # Where its entries are: a URL of PostgreSQL or Redis. None if it keeps no entries.
    store: str | None

    @property
    def url(self) -> str:
        """The URL, without a slash at its end."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets that could be started, and what is missing."""

    by_name: Mapping[str, Target]
    # One text for each target that is left out, which says why.
    missing: tuple[str, ...]
    database_url: str
    plate_id: int


@contextmanager
def all_targets(*, fsync_policies: tuple[str, ...] = FSYNC_POLICIES) -> Iterator[Targets]:
    """Start all targets with new data in a temporary directory, which is removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="plates-bench-"))
    # The embedded server's own user must have access.
    directory.chmod(0o755)
    found: dict[str, Target] = {}
    missing: list[str] = []
    try:
        with ExitStack() as stack:
            url = stack.enter_context(membership_of(directory / "embedded")).url
            plate_id, key = _prepared_database(url)
            for target in _own_targets(stack, directory, url, key):
                found[target.name] = target
            for policy in fsync_policies:
                _add_peers(stack, directory, policy, found, missing)
            yield Targets(found, tuple(missing), url, plate_id)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prepared_database(url: str) -> tuple[int, str]:
    """Create the tables and a plate. Returns the plate's id and an API key."""
    _manage(url, "migrate", "--verbosity=0")
    facts = json.loads(_manage(url, "createplate", PLATE, "--json"))
    plate_id = _manage(
        url,
        "shell",
        "--verbosity=0",
        "-c",
        f"from streams.models import Plate; print(Plate.objects.get(name={PLATE!r}).pk)",
    )
    return int(plate_id), facts["api_key"]


def _manage(url: str, *arguments: str) -> str:
    done = subprocess.run(
        python(str(ROOT / "manage.py"), *arguments),
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


OWN_SETTINGS = {
    "plates": "plates_project.settings",
    "each add alone": "bench.alone.settings",
    "DRF no-op": "bench.noop.settings",
}
"""The service and its variants, each with its settings."""


def _own_targets(stack: ExitStack, directory: Path, url: str, key: str) -> Iterator[Target]:
    """Start the service and each variant with `manage.py serve`."""
    for name, settings in OWN_SETTINGS.items():
        port = free_port()
        environment = {
            "DJANGO_SETTINGS_MODULE": settings,
            # The name tells its sessions in the database from those of the others.
            "DATABASE_URL": f"{url}?application_name={quote(name)}",
            "DATA_DIR": str(directory),
            "STREAMS_MAX_BLOCK_MS": str(MAX_BLOCK_MS),
            "HOST": HOST,
            "PORT": str(port),
            "WEB_CONCURRENCY": str(WORKERS),
        }
        process = stack.enter_context(
            running(
                python(str(ROOT / "manage.py"), "serve"),
                output=directory / f"{settings}.log",
                port=port,
                environment=environment,
            )
        )
        yield Target(name, "rest", port, process, _headers(key), url)


def _add_peers(
    stack: ExitStack, directory: Path, policy: str, found: dict[str, Target], missing: list[str]
) -> None:
    if shutil.which("redis-server") is None:
        missing.append(f"everything on Redis with appendfsync {policy}: no redis-server")
        return
    redis_port = _redis(stack, directory / f"redis-{policy}", policy)
    store = f"redis://{HOST}:{redis_port}"
    for name, start in (("webdis", _webdis), ("starlette", _starlette)):
        try:
            target = start(stack, directory, f"{name} ({policy})", store)
        except DidNotStart:
            missing.append(f"{name} ({policy}): it did not start")
            continue
        if target is None:
            missing.append(f"{name} ({policy}): not installed")
        else:
            found[target.name] = target


def _redis(stack: ExitStack, directory: Path, policy: str) -> int:
    directory.mkdir()
    port = free_port()
    options = {
        "port": str(port),
        "bind": HOST,
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "appendfsync": policy,
        "maxclients": "15000",
    }
    command = ["redis-server", *(word for name in options for word in (f"--{name}", options[name]))]
    stack.enter_context(running(command, output=directory / "log", port=port))
    return port


def _webdis(stack: ExitStack, directory: Path, name: str, store: str) -> Target | None:
    if shutil.which("webdis") is None:
        return None
    port = free_port()
    configuration = {
        "redis_host": HOST,
        "redis_port": int(store.rpartition(":")[2]),
        "http_host": HOST,
        "http_port": port,
        "threads": WEBDIS_THREADS,
        "pool_size": 20,
        "daemonize": False,
        "database": 0,
        "verbosity": 1,
        "logfile": str(directory / f"{name}.webdis"),
    }
    path = directory / f"{name}.json"
    path.write_text(json.dumps(configuration))
    output = directory / f"{name}.log"
    process = stack.enter_context(running(["webdis", str(path)], output=output, port=port))
    return Target(name, "webdis", port, process, {}, store)


def _starlette(stack: ExitStack, directory: Path, name: str, store: str) -> Target | None:
    try:
        import redis
        import starlette
        import uvicorn
    except ImportError:
        return None
    del redis, starlette, uvicorn
    port, key = free_port(), secrets.token_urlsafe()
    process = stack.enter_context(
        running(
            # Without a log line for each request, uvicorn is faster than with its defaults.
            python(
                "-m",
                "uvicorn",
                "bench.peers.starlette_app:app",
                "--no-access-log",
                "--workers",
                str(WORKERS),
                "--host",
                HOST,
                "--port",
                str(port),
                "--log-level",
                "warning",
            ),
            output=directory / f"{name}.log",
            port=port,
            environment={"PEER_API_KEY": key, "PEER_REDIS_URL": store},
        )
    )
    return Target(name, "rest", port, process, _headers(key), store)


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": key, "Content-Type": "application/json"}
