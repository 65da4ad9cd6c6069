"""The service that a Python developer would write by hand: Starlette and redis-py.

It has the same paths, bodies and envelope as the service, for the requests of the benchmark. It
checks one API key. It has no plates, no validation, no limits, and no statuses for refusals.
"""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

import redis.asyncio as redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

API_KEY = os.environ["PEER_API_KEY"]
REDIS_URL = os.environ["PEER_REDIS_URL"]
MAX_CONNECTIONS = 20_000

Entries = Any
"""What redis-py returns for entries: pairs of an ID and a dict."""

Answer = Callable[[Request], Awaitable[Any]]


def endpoint(answer: Answer) -> Callable[[Request], Awaitable[JSONResponse]]:
    """Check the key, and put what `answer` returns into the envelope."""

    async def handle(request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given, API_KEY):
            return JSONResponse({"ok": False, "error": {"code": "invalid_authorization"}}, 401)
        return JSONResponse({"ok": True, "data": await answer(request)})

    return handle


async def add(request: Request) -> Any:
    """Add one entry; or several, of which either all are added or none."""
    body = await request.json()
    if "entries" not in body:
        return {"result": await db(request).xadd(body["key"], body["values"])}
    async with db(request).pipeline(transaction=True) as pipe:
        for entry in body["entries"]:
            pipe.xadd(body["key"], entry["values"])
        return {"result": await pipe.execute()}


async def length(request: Request) -> Any:
    """How many entries a stream has."""
    return {"result": await db(request).xlen(request.path_params["key"])}


async def entries_between(request: Request) -> Any:
    """The entries of a range, oldest first."""
    query = request.query_params
    found = await db(request).xrange(
        request.path_params["key"],
        query.get("start", "-"),
        query.get("end", "+"),
        int(query["count"]) if "count" in query else None,
    )
    return {"result": flat(found)}


async def read(request: Request) -> Any:
    """The entries above an ID in each stream. Waits for entries if the request says so."""
    body = await request.json()
    if [stream["id"] for stream in body["streams"]] == ["+"]:
        return {"result": await newest(db(request), body["streams"][0]["key"])}
    found = await db(request).xread(
        {stream["key"]: stream["id"] for stream in body["streams"]},
        count=body.get("count"),
        block=body.get("block_ms"),
    )
    return {"result": by_key(found)}


async def newest(client: "redis.Redis", key: str) -> Any:
    """The newest entry of a stream. Redis has `+` for this only since 7.4."""
    return by_key({key: await client.xrevrange(key, count=1)})


async def create_group(request: Request) -> Any:
    """Create a consumer group."""
    body = await request.json()
    done = await db(request).xgroup_create(
        body["key"], body["group"], body["id"], mkstream=body.get("mkstream", False)
    )
    return {"result": "OK" if done else None}


async def read_group(request: Request) -> Any:
    """New entries for a consumer of a group."""
    body = await request.json()
    found = await db(request).xreadgroup(
        body["group"],
        body["consumer"],
        {stream["key"]: stream.get("id", ">") for stream in body["streams"]},
        count=body.get("count"),
        block=body.get("block_ms"),
    )
    return {"result": by_key(found)}


async def acknowledge(request: Request) -> Any:
    """Take entries off a group's pending entries list."""
    body = await request.json()
    return {"result": await db(request).xack(body["key"], body["group"], *body["ids"])}


async def pipeline(request: Request) -> Any:
    """Run several commands at once."""
    async with db(request).pipeline(transaction=False) as pipe:
        for words in await request.json():
            pipe.execute_command(*words)
        return await pipe.execute()


async def command(request: Request) -> Any:
    """Run any command."""
    body = await request.json()
    client: Any = db(request)
    return {"result": await client.execute_command(body["command"], *body["args"])}


def db(request: Request) -> "redis.Redis":
    """This process' client."""
    client: redis.Redis = request.app.state.redis
    return client


def flat(entries: Entries) -> list[list[Any]]:
    """Entries in the form of docs/http-api.md: [id, [field1, value1, …]]."""
    return [[entry_id, list(chain.from_iterable(f.items()))] for entry_id, f in entries]


def by_key(found: Any) -> Mapping[str, list[list[Any]]] | None:
    """The entries that a read found, by stream; None if it found none."""
    pairs = found.items() if isinstance(found, dict) else found or ()
    return {key: flat(entries) for key, entries in pairs if entries} or None


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """One connection pool for each process."""
    app.state.redis = redis.from_url(
        REDIS_URL,
        decode_responses=True,
        max_connections=MAX_CONNECTIONS,
        # A blocking read may take any time.
        socket_timeout=None,
    )
    yield
    await app.state.redis.aclose()


def _route(path: str, answer: Answer, method: str = "POST") -> Route:
    return Route(f"/{{plate}}/{path}", endpoint(answer), methods=[method])


app = Starlette(
    lifespan=lifespan,
    routes=[
        _route("pipeline", pipeline),
        _route("streams/add", add),
        _route("streams/length/{key}", length, "GET"),
        _route("streams/range/{key}", entries_between, "GET"),
        _route("streams/read", read),
        _route("streams/command", command),
        _route("streams/groups/create", create_group),
        _route("streams/groups/read", read_group),
        _route("streams/groups/ack", acknowledge),
    ],
)
