"""The service that a Python developer would write by hand: Starlette and redis-py.

The same paths, bodies and envelope as ours, for what the benchmark asks. It checks one API key,
and leaves out all else: no plates, no validation, no limits, no refusals with a status.
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
    """One entry, or several that are all added or none."""
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
    """A range, oldest first."""
    query = request.query_params
    found = await db(request).xrange(
        request.path_params["key"],
        query.get("start", "-"),
        query.get("end", "+"),
        int(query["count"]) if "count" in query else None,
    )
    return {"result": flat(found)}


async def read(request: Request) -> Any:
    """What is above an ID in each stream; waits for it if asked to."""
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
    """The newest entry of a stream. Redis' own `+` is not there before 7.4."""
    return by_key({key: await client.xrevrange(key, count=1)})


async def create_group(request: Request) -> Any:
    """A new consumer group."""
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
    """Several commands at once."""
    async with db(request).pipeline(transaction=False) as pipe:
        for words in await request.json():
            pipe.execute_command(*words)
        return await pipe.execute()


async def command(request: Request) -> Any:
    """Any command."""
    body = await request.json()
    client: Any = db(request)
    return {"result": await client.execute_command(body["command"], *body["args"])}


def db(request: Request) -> "redis.Redis":
    """This process' client."""
    client: redis.Redis = request.app.state.redis
    return client


def flat(entries: Entries) -> list[list[Any]]:
    """Entries as the contract shows them: [id, [field1, value1, …]]."""
    return [[entry_id, list(chain.from_iterable(f.items()))] for entry_id, f in entries]


def by_key(found: Any) -> Mapping[str, list[list[Any]]] | None:
    """What a read found, by stream; None if nothing."""
    pairs = found.items() if isinstance(found, dict) else found or ()
    return {key: flat(entries) for key, entries in pairs if entries} or None


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """One connection pool for each process."""
    app.state.redis = redis.from_url(
        REDIS_URL,
        decode_responses=True,
        max_connections=MAX_CONNECTIONS,
        # A blocking read takes as long as it takes.
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
