"""Beside the API: what the service is, and whether it is healthy."""

import asyncio

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

import streams
from streams import wakeups
from streams.api.errors import unavailable
from streams.domain.errors import Unavailable
from streams.store import readiness
from streams.store.errors import driver_errors_translated


def index(request: HttpRequest) -> HttpResponse:
    """`GET /`: name, version and the paths to go on from."""
    return JsonResponse(
        {
            "service": "plates",
            "version": streams.__version__,
            "links": {
                "health": "/healthz",
                "readiness": "/readyz",
                "console": "/admin/",
                "streams": "/{plate}/streams",
            },
        }
    )


def healthz(request: HttpRequest) -> HttpResponse:
    """`GET /healthz`: the process serves. It checks nothing else."""
    return JsonResponse({"status": "ok"})


async def readyz(request: HttpRequest) -> HttpResponse:
    """`GET /readyz`: the database serves, its tables are up to date, and wake-ups arrive."""
    try:
        # A database that is stopped, or behind a broken network, would never answer.
        async with asyncio.timeout(READY_SECONDS):
            await _check()
    except Unavailable as reason:
        return unavailable(f"not ready: {reason.text}")
    except TimeoutError:
        return unavailable("not ready: the database does not answer in time")
    return JsonResponse({"status": "ok"})


READY_SECONDS = 5.0
"""How long the checks of `/readyz` may take together."""

_migrated = False


async def _check() -> None:
    """Raises Unavailable, which names what failed."""
    await readiness.check_answer()
    await readiness.check_prepared_statements()
    with driver_errors_translated():
        if not await sync_to_async(_is_migrated)():
            raise Unavailable("migrations are not applied")
    await readiness.check_writing()
    if not await wakeups.is_listening():
        raise Unavailable("the wake-up listener does not work")


def _is_migrated() -> bool:
    """Whether all migrations are applied; once they are, the process does not look again."""
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        finally:
            # No request of Django's ends here, at which it would go back to the pool.
            connection.close()
    return _migrated
