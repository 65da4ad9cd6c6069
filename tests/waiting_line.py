"""The line of blocked group readers, as the database has it."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import httpx
import psycopg

from tests.polling import eventually
from tests.servers import LivePlate, Server

Answer = TypeVar("Answer")


def listeners_of(server: Server) -> int:
    """How many of the server's processes listen. Readers of others have no order yet."""
    httpx.get(f"{server.url}/readyz", timeout=30)
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND locktype = 'advisory'"
            " AND mode = 'ExclusiveLock' AND granted"
        ).rowcount


def places_in_line(server: Server, plate: LivePlate) -> dict[int, int]:
    """The group that a reader of the plate waits for, by its place in line."""
    with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT waiting_reader.id, group_id FROM waiting_reader"
            " JOIN plate ON plate.id = plate_id WHERE plate.name = %s",
            [plate.name],
        )
        return dict(rows.fetchall())


def once_in_line(
    server: Server, plate: LivePlate, groups: int, begin: Callable[[], Future[Answer]]
) -> Future[Answer]:
    """Begin a blocked read of so many groups; it stands in line, or is answered, on return."""
    standing = places_in_line(server, plate).keys()
    answer = begin()
    eventually(
        lambda: answer.done() or len(places_in_line(server, plate).keys() - standing) == groups
    )
    return answer
