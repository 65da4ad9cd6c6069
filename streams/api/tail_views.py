"""Tails over Server-Sent Events, and the tickets to open them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from django.http import HttpResponse, QueryDict
from pydantic import StrictStr

from streams import wakeups
from streams.api import shapes, tickets
from streams.api.authentication import authenticate_key, ending_with, known_key
from streams.api.json import dumps
from streams.api.naming import parsed, shown
from streams.api.requests import ApiRequest
from streams.api.responses import PartedResponse, succeed
from streams.api.views import PlateView
from streams.commands import execution
from streams.commands.contract import check_number
from streams.commands.tail import OpenTail, Tail, TailedEntry
from streams.commands.xread import ReadPosition, parse_after
from streams.domain.errors import InvalidQuery, InvalidRequest, Unavailable
from streams.store.api_keys import KnownKey


class TicketShape(shapes.Shape):
    """`POST /tickets`."""

    keys: shapes.Batch[StrictStr]


class TicketView(PlateView):
    """`POST /tickets`: makes a ticket for tails of these streams, to be put in a URL."""

    async def post(self, request: ApiRequest, **_: str) -> HttpResponse:
        shape = shapes.from_body(TicketShape, await self.body())
        if not shape.keys:
            raise InvalidRequest("keys must name at least one stream")
        _check_tailed(shape.keys, "keys")
        keys = [shapes.check_name(key, f"keys[{index}]") for index, key in enumerate(shape.keys)]
        ticket = tickets.mint(self.known_key, keys)
        return succeed({"result": {"ticket": ticket, "expires_in_ms": tickets.LIFE_SECONDS * 1000}})


class TailView(PlateView):
    """`GET /tail/{key}` and `GET /tail?key=…&key=…`."""

    authenticators = (tickets.authenticate_ticket, authenticate_key)
    command = Tail

    async def get(self, request: ApiRequest, key: str | None = None, **_: str) -> PartedResponse:
        positions = _positions(self.query(), key, request.META.get("HTTP_LAST_EVENT_ID"))
        tail = (await execution.run(Tail(positions), self.plate)).value
        events = _events(tail, self.known_key, request.client, is_single=key is not None)
        return PartedResponse(
            events,
            on_close=tail.close,
            content_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )


PARAMETERS = {"key", "from", "ticket", "last_event_id"}


def _positions(query: QueryDict, key: str | None, last_event_id: str | None) -> list[ReadPosition]:
    """Where each stream starts: after the last event, else `from`, else what is there now.

    Raises InvalidQuery, InvalidRequest, InvalidCommand.
    """
    _check_parameters(query, PARAMETERS if key is None else PARAMETERS - {"key"})
    keys = query.getlist("key") if key is None else [key]
    if not keys or len(set(keys)) < len(keys):
        raise InvalidQuery("key must name at least one stream, and each only once")
    _check_tailed(keys, "key")
    # The header is the later one: it comes from a client that reconnects to the URL it has.
    last_event_id = last_event_id or query.get("last_event_id")
    starts = last_event_id.split(",") if last_event_id else [query.get("from", "$")] * len(keys)
    if len(starts) != len(keys):
        raise InvalidQuery("the last event ID is of a tail of other streams")
    if last_event_id and "$" in starts:
        raise InvalidQuery("the last event ID must be an ID")
    if "+" in starts:
        raise InvalidQuery("a tail starts at $ or at an ID")
    parameter = "last_event_id" if last_event_id else "from"
    return [
        ReadPosition(shapes.check_name(name, "key"), parsed(parse_after, start, parameter))
        for name, start in zip(keys, starts, strict=True)
    ]


def _check_parameters(query: QueryDict, known: set[str]) -> None:
    unknown = set(query) - known
    if unknown:
        raise InvalidQuery(f"unknown parameter '{shown(min(unknown))}'")
    doubled = [name for name, texts in query.lists() if len(texts) > 1 and name != "key"]
    if doubled:
        raise InvalidQuery(f"{shown(doubled[0])} is given twice")


def _check_tailed(keys: Sequence[str], member: str) -> None:
    check_number(len(keys), "streams", f"{member} may name", limit="STREAMS_MAX_TAIL_STREAMS")


async def _events(
    tail: OpenTail, holder: KnownKey, client: wakeups.Client, *, is_single: bool
) -> AsyncGenerator[bytes, None]:
    """The events as they come, until the client or the server goes, or the key is revoked."""
    with (
        ending_with(holder) as revocation,
        wakeups.ended_by(client, revocation),
        suppress(wakeups.ReaderEnded, Unavailable),
    ):
        # An ID without data: whoever is cut off before the first entry resumes here, too.
        yield b"id: %s\n\n" % _event_id(tail.reached)
        async for tailed in tail.follow():
            if await _is_revoked(holder):
                return
            if tailed is None:
                yield b": still here\n\n"
            else:
                yield _event(tailed, is_single=is_single)


async def _is_revoked(holder: KnownKey) -> bool:
    try:
        return await known_key(holder.plate_name, holder.id) is None
    except Unavailable:
        return False  # All keys are looked up anew once the database is back.


def _event(tailed: TailedEntry, *, is_single: bool) -> bytes:
    """One event. Its ID is where the tail stands: of several streams, one for each."""
    entry = tailed.entry.rendered
    data = entry if is_single else {"key": tailed.key, "entry": entry}
    return b"id: %s\ndata: %s\n\n" % (_event_id(tailed.reached), dumps(data))


def _event_id(reached: Sequence[str]) -> bytes:
    return ",".join(reached).encode()
