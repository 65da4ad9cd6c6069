"""The endpoints: authenticate, build the command, execute it, answer."""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, cast
from urllib.parse import unquote_to_bytes

from django.http import QueryDict
from django.http.response import HttpResponseBase
from rest_framework.views import APIView

from streams import conf, wakeups
from streams.api import envelopes, errors, shapes
from streams.api.authentication import Authenticator, authenticate_key, ending_with, known_key
from streams.api.errors import HttpError
from streams.api.parsers import parse_body
from streams.api.request_lines import Notes, notes_of
from streams.api.requests import ApiRequest, CutOff
from streams.api.responses import PartedResponse, succeed
from streams.api.values import words_of
from streams.commands import execution, registry
from streams.commands.contract import Command
from streams.commands.delete_stream import DeleteStream
from streams.commands.list_streams import ListStreams
from streams.commands.xadd import Add
from streams.commands.xdel import Delete
from streams.commands.xlen import Length
from streams.commands.xrange import Range
from streams.commands.xread import Read
from streams.commands.xrevrange import ReverseRange
from streams.commands.xtrim import Trim
from streams.domain.errors import IdConflict, InvalidQuery, Unavailable
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.store.api_keys import KnownKey
from streams.store.entries import LongRange
from streams.store.errors import Conflict

log = logging.getLogger(__name__)


class PlateView(APIView):
    """An endpoint of a plate.

    A DRF view without what only views with a choice need: there is one way to parse, answers
    are rendered as they are made, and nothing is negotiated, versioned or throttled. That
    spares each request a tenth of its time.
    """

    # The first that knows the request's credentials decides.
    authenticators: ClassVar[Sequence[Authenticator]] = (authenticate_key,)
    # The command that it runs, which says what the API key needs; None: that is known later.
    command: ClassVar[type[Command] | None] = None
    # What the log calls a request that is refused before its command is known.
    command_name: ClassVar[str | None] = None

    request: ApiRequest  # type: ignore[assignment]
    notes: Notes
    known_key: KnownKey
    granted: Scope

    async def dispatch(  # type: ignore[override]
        self, request: ApiRequest, *args: Any, **names: str
    ) -> HttpResponseBase:
        """Authenticate, check the scope, run the method's handler; every error has its answer."""
        self.request = request
        self.notes = notes_of(request)
        self.notes.command = self.command.name if self.command else self.command_name
        try:
            self.known_key, self.granted = await self._authenticated(names)
            self.notes.api_key_prefix = self.known_key.prefix
            self.check_scope(self.command.scope if self.command else Scope.READ)
            handler = getattr(
                self, "get" if request.method == "HEAD" else str(request.method).lower()
            )
            return cast("HttpResponseBase", await handler(request, **names))
        except Exception as error:  # noqa: BLE001 - one handler for all of them
            return errors.answer(error, request)

    @property
    def plate(self) -> PlateId:
        """The plate of the key, which is the one in the path."""
        return self.known_key.plate

    async def _authenticated(self, names: Mapping[str, str]) -> tuple[KnownKey, Scope]:
        for authenticate in self.authenticators:
            if granted := await authenticate(self.request, names):
                return granted
        raise errors.unauthorized("missing_authorization", "authorization header is required")

    def check_scope(self, scope: Scope) -> None:
        """Raises HttpError (403)."""
        if not self.granted.includes(scope):
            raise HttpError(403, "forbidden", f"the key lacks the scope '{scope}'")

    async def body(self, kind: type = dict) -> Any:
        """The request's JSON body, an object or a list. Raises HttpError, Refusal."""
        value = await parse_body(self.request)
        if not isinstance(value, kind):
            wanted = "an object" if kind is dict else "a list"
            raise HttpError(400, "invalid_json", f"the body must be {wanted}")
        return value

    def query(self) -> QueryDict:
        """The request's parameters. Raises InvalidQuery, TooManyFieldsSent."""
        # Django would replace bytes that are not UTF-8, and so would read another name.
        try:
            unquote_to_bytes(self.request.META["QUERY_STRING"]).decode()
        except UnicodeDecodeError as error:
            raise InvalidQuery("the query is not UTF-8") from error
        return self.request.GET

    async def run(self, command: Command) -> HttpResponseBase:
        """Execute the command and answer with its reply. Raises Refusal."""
        self.notes.command = command.name
        if command.can_block:
            reply = await self._run_blocking(command)
        else:
            reply = await execution.run(command, self.plate)
        if reply.parts is not None:
            return succeed_in_parts(reply.parts)
        response = succeed({"result": reply.value})
        if command.can_block:
            response["X-Max-Block-Ms"] = str(conf.limit("STREAMS_MAX_BLOCK_MS"))
        return response

    async def _run_blocking(self, command: Command) -> execution.Reply:
        """The same for a command that may wait, until the client or its key is gone."""
        with (
            ending_with(self.known_key) as revocation,
            wakeups.ended_by(self.request.client, revocation),
        ):
            # It may have been revoked between its look-up and the watch.
            if await known_key(self.known_key.plate_name, self.known_key.id) is None:
                raise errors.denied()
            return await execution.run(command, self.plate)


class BodyView(PlateView):
    """A typed endpoint that takes its members in the body."""

    shape: ClassVar[type[shapes.BodyShape]]

    async def post(self, request: ApiRequest, **_: str) -> HttpResponseBase:
        return await self.run(shapes.from_body(self.shape, await self.body()).command())


class QueryView(PlateView):
    """A typed endpoint that names a stream in the path, and takes its members in the query."""

    shape: ClassVar[type[shapes.QueryShape]]

    async def get(self, request: ApiRequest, **names: str) -> HttpResponseBase:
        del names["plate"]
        return await self.run(shapes.from_query(self.shape, self.query(), names))


class AddView(PlateView):
    """`POST /add`."""

    command = Add

    async def post(self, request: ApiRequest, **_: str) -> HttpResponseBase:
        added = shapes.from_body(shapes.AddShape, await self.body())
        try:
            return await self.run(added.command())
        except IdConflict as conflict:
            raise added.naming(conflict) from conflict


class ReadView(BodyView):
    """`POST /read`."""

    command = Read
    shape = shapes.ReadShape


class TrimView(BodyView):
    """`POST /trim`."""

    command = Trim
    shape = shapes.TrimRequestShape


class DeleteView(BodyView):
    """`POST /delete`."""

    command = Delete
    shape = shapes.DeleteShape


class LengthView(QueryView):
    """`GET /length/{key}`."""

    command = Length
    shape = shapes.LengthQuery


class RangeView(QueryView):
    """`GET /range/{key}`."""

    command = Range
    shape = shapes.RangeQuery


class ReverseView(QueryView):
    """`GET /reverse/{key}`."""

    command = ReverseRange
    shape = shapes.ReverseQuery


class InfoView(QueryView):
    """`GET /info/{key}`."""

    command_name = "XINFO"
    shape = shapes.InfoQuery


class CollectionView(QueryView):
    """`GET` of the plate's streams."""

    command = ListStreams
    shape = shapes.ListQuery


class StreamView(PlateView):
    """`DELETE /{key}`."""

    command = DeleteStream

    async def delete(self, request: ApiRequest, key: str, **_: str) -> HttpResponseBase:
        return await self.run(DeleteStream(shapes.check_name(key, "key")))


class CommandView(PlateView):
    """`POST /command`: Redis words."""

    async def post(self, request: ApiRequest, **_: str) -> HttpResponseBase:
        return await self.run_words(await self.words())

    async def words(self) -> list[str]:
        """The words of the body. Raises HttpError, Refusal."""
        shape = shapes.from_body(shapes.CommandShape, await self.body())
        self.notes.command = registry.name_of([shape.command])
        words = [shape.command, *words_of(shape.args, "args")]
        self.notes.command = registry.name_of(words)
        return words

    async def run_words(self, words: list[str]) -> HttpResponseBase:
        """Raises HttpError (403), Refusal."""
        self.check_scope(registry.scope_of(words))
        return await self.run(registry.parse(words))


class KeyCommandView(CommandView):
    """`POST /{key}/command`: Redis words without the key."""

    async def post(self, request: ApiRequest, **names: str) -> HttpResponseBase:
        words, name = await self.words(), shapes.check_name(names["key"], "key")
        self.check_scope(registry.scope_of(words))
        return await self.run_words(registry.with_key(words, name))


def succeed_in_parts(parts: LongRange) -> PartedResponse:
    """Answer with a result that is a list too long to be held in memory."""
    return PartedResponse(_in_parts(parts), content_type="application/json")


async def _in_parts(parts: LongRange) -> AsyncGenerator[bytes, None]:
    """The text of the answer.

    If the database goes away meanwhile, the connection is closed: the client must not take what it
    has for all. A standby also ends a long read that is in the way of what it replays: a Conflict.
    """
    try:
        async with aclosing(envelopes.success_in_parts(aiter(parts))) as texts:
            async for text in texts:
                yield text
    except (Unavailable, Conflict) as error:
        log.warning("a long answer was cut off", extra={"reason": str(error)})
        raise CutOff from error
