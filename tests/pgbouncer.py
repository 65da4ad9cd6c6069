"""A PgBouncer between the service and PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.polling import eventually
from tests.servers import free_port

BINARY = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

CONFIGURATION = """\
[databases]
{name} = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = {pool_mode}
max_client_conn = 1000
default_pool_size = {pool_size}
# A client that is gone frees its server connection at once.
server_reset_query = DISCARD ALL
"""


class PgBouncer:
    """A pooler of the database of that URL, on a port of its own. May be run in another mode."""

    def __init__(self, directory: Path, url: str) -> None:
        self._database = conninfo_to_dict(url)
        self._file = directory / "pgbouncer.ini"
        self._port = free_port()
        self.url = f"postgresql://127.0.0.1:{self._port}/{self._database['dbname']}"

    @contextmanager
    def running(self, pool_mode: str, *, pool_size: int = 40) -> Iterator[None]:
        """Run it for the time of the body, `session` or `transaction` its mode."""
        self._configure(pool_mode, pool_size)
        assert BINARY
        process = subprocess.Popen(
            [BINARY, "-q", self._file], user=self._user(), stderr=subprocess.DEVNULL, cwd="/"
        )
        try:
            eventually(self._answers)
            yield
        finally:
            process.kill()
            process.wait()

    def _configure(self, pool_mode: str, pool_size: int) -> None:
        self._file.write_text(
            CONFIGURATION.format(
                name=self._database["dbname"],
                host=self._database["host"],
                port=self._database.get("port", 5432),
                user=self._database.get("user", "postgres"),
                listen_port=self._port,
                pool_mode=pool_mode,
                pool_size=pool_size,
            )
        )

    def _user(self) -> str | None:
        """It refuses to be run by root, and must reach the sockets of an embedded server."""
        if os.geteuid() != 0:
            return None
        host = Path(str(self._database["host"]))
        return host.owner() if host.is_absolute() else "nobody"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True
