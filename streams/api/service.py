"""Around the API: what the service is, and whether it is well."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

import streams
from streams import wakeups
from streams.api.errors import HttpError, response
from streams.domain.errors import Unavailable
from streams.store import session


def index(request: HttpRequest) -> HttpResponse:
    """`GET /`: name, version and where to go on."""
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
    """`GET /healthz`: the process serves. Touches nothing else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """`GET /readyz`: the database answers, its tables are up to date, and wake-ups arrive."""
    checks = {"database": _database, "migrations": _migrations, "listener": wakeups.is_listening}
    for name, check in checks.items():
        if not check():
            return response(
                HttpError(503, "unavailable", f"not ready: {name}", {"Retry-After": "1"})
            )
    return JsonResponse({"status": "ok"})


_migrated = False


def _database() -> bool:
    try:
        session.fetch_one("SELECT 1")
    except Unavailable:
        return False
    return True


def _migrations() -> bool:
    """Whether none is to be applied; once true, it stays so for the life of the process."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
