"""The shape of each typed request: its members, their types and defaults, and its command.

What a member's text means (IDs, thresholds) is read by the same functions that read it in Redis
words. Members are strict: a number is not a string, and unknown members are refused.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from django.http import QueryDict
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
)

from streams import clock
from streams.api.members import Integer, QueryBoolean, QueryInteger, TextOrInteger, between
from streams.api.naming import about, parsed, shown
from streams.api.problems import first_problem
from streams.api.values import fields_of
from streams.commands import list_streams
from streams.commands.contract import Command, check_length, check_number
from streams.commands.list_streams import ListStreams
from streams.commands.xadd import Add, AddSeveral
from streams.commands.xdel import Delete
from streams.commands.xinfo import (
    DEFAULT_FULL_COUNT,
    InfoConsumers,
    InfoGroups,
    InfoStream,
    full_of,
)
from streams.commands.xlen import Length
from streams.commands.xrange import Range
from streams.commands.xread import Read, ReadPosition, parse_after
from streams.commands.xrevrange import ReverseRange
from streams.commands.xtrim import Trim
from streams.domain.entries import NewEntry, new_entry
from streams.domain.errors import (
    IdConflict,
    InvalidCommand,
    InvalidQuery,
    InvalidRequest,
    Refusal,
)
from streams.domain.ids import EntryId, parse_add_id, parse_id, parse_range_end, parse_range_start
from streams.domain.read_options import check_block_ms, positive_count
from streams.domain.trimming import Threshold, TrimOptions, parse_limit


def check_name(name: str, member: str) -> str:
    """A name of a stream, group or consumer. Raises InvalidRequest, naming the member.

    Shapes call it, because only they know which member holds the name, and which of two mistakes
    comes first. The names in words are checked by `commands.registry.parse`, and may be empty.
    """
    try:
        check_length(member, name)
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{member} is not UTF-8") from error
    except InvalidCommand as refusal:
        raise InvalidRequest(refusal.text.removeprefix("ERR ")) from refusal
    if not name:
        raise InvalidRequest(f"{member} must not be empty")
    return name


def check_batch(items: Sequence[Any], member: str) -> None:
    """Refuse lists beyond the batch limit with TooLarge."""
    check_number(len(items), "items", f"{member} may hold")


def _checked_batch(items: Any, info: ValidationInfo) -> Any:
    if isinstance(items, list):
        check_batch(items, str(info.field_name))
    return items


T = TypeVar("T")

Batch = Annotated[list[T], BeforeValidator(_checked_batch)]
"""A list within the batch limit, which is checked first: each item may have an error of its own,
and millions of them would keep a worker busy for minutes."""


class Shape(BaseModel):
    """The members of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BodyShape(Shape, ABC):
    """The members of a typed endpoint's body."""

    @abstractmethod
    def command(self) -> Command:
        """The command that the members spell. Raises Refusal."""


class QueryShape(Shape, ABC):
    """The parameters of a typed endpoint's query."""

    @abstractmethod
    def command(self, *, key: str = "", group: str = "") -> Command:
        """The command for the names in the path. Raises Refusal."""


S = TypeVar("S", bound=Shape)


def from_body(shape: type[S], body: dict[str, Any]) -> S:
    """The body's members. Raises InvalidRequest, naming the first that is wrong, or TooLarge."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(first_problem(error, "member")) from error


def from_query(shape: type[QueryShape], parameters: QueryDict, names: Mapping[str, str]) -> Command:
    """The command of a path's names and a query. Raises InvalidQuery, Refusal."""
    for member, name in names.items():
        check_name(name, member)
    doubled = [name for name, texts in parameters.lists() if len(texts) > 1]
    if doubled:
        raise InvalidQuery(f"{shown(doubled[0])} is given twice")
    try:
        return shape.model_validate(parameters.dict()).command(**names)
    except ValidationError as error:
        raise InvalidQuery(first_problem(error, "parameter")) from error
    except InvalidRequest as refusal:
        # The names of the path are checked already: it is a parameter that is wrong.
        raise InvalidQuery(refusal.text) from refusal


class TrimShape(Shape):
    """The trim of an add."""

    strategy: StrictStr
    threshold: TextOrInteger
    approximate: StrictBool = False
    limit: Integer | None = None

    def to_threshold(self, path: str = "") -> Threshold:
        """`path` stands before the names of its members in messages.

        Raises InvalidRequest, InvalidCommand (TRIM-2 to TRIM-10).
        """
        strategy = self.strategy.upper()
        if strategy not in ("MAXLEN", "MINID"):
            raise InvalidRequest(f"{path}strategy must be maxlen or minid")
        options = TrimOptions(approximate=self.approximate)
        parsed(partial(options.set_threshold, strategy), self.threshold, f"{path}threshold")
        if self.limit is not None:
            options.limit = parsed(parse_limit, str(self.limit), f"{path}limit")
        return options.required_threshold()


class EntryShape(Shape):
    """One entry of several to add."""

    values: Any
    id: StrictStr = "*"


class AddShape(BodyShape):
    """`/add`: one entry, or several of which all are added or none."""

    key: StrictStr
    values: Any = None
    id: StrictStr | None = None
    entries: Batch[EntryShape] | None = None
    nomkstream: StrictBool = False
    trim: TrimShape | None = None

    def command(self) -> Add:
        check_name(self.key, "key")
        kind, entries = (
            (Add, [self._single()]) if self.entries is None else (AddSeveral, self._several())
        )
        threshold = self.trim.to_threshold("trim.") if self.trim else None
        return kind(self.key, entries, make_stream=not self.nomkstream, trim=threshold)

    def naming(self, conflict: IdConflict) -> IdConflict:
        """The conflict, with the ID of which it speaks where there are several entries."""
        index = conflict.entry_index
        if self.entries is None or index is None:
            return conflict
        return about(conflict, f"entries[{index}].id", self.entries[index].id)

    def _single(self) -> NewEntry:
        if self.values is None:
            raise InvalidRequest("values is required")
        return _entry("*" if self.id is None else self.id, self.values)

    def _several(self) -> list[NewEntry]:
        if self.values is not None or self.id is not None:
            raise InvalidRequest("entries stands alone: give values and id inside of it")
        if not self.entries:
            raise InvalidRequest("entries must hold at least one entry")
        return [
            _entry(entry.id, entry.values, f"entries[{index}].")
            for index, entry in enumerate(self.entries)
        ]


def _entry(id_text: str, values: Any, path: str = "") -> NewEntry:
    fields = fields_of(values, f"{path}values")
    try:
        return new_entry(parse_add_id(id_text), fields)
    except InvalidCommand as refusal:
        raise about(refusal, f"{path}id", id_text) from refusal


class StartShape(Shape):
    """A stream to read, and where from."""

    key: StrictStr
    id: StrictStr = "$"


class ReadShape(BodyShape):
    """`/read`."""

    streams: Batch[StartShape]
    count: Integer | None = None
    block_ms: Integer | None = None

    def command(self) -> Read:
        if not self.streams:
            raise InvalidRequest("streams must name at least one stream")
        positions = [
            ReadPosition(
                check_name(stream.key, f"streams[{index}].key"),
                parsed(parse_after, stream.id, f"streams[{index}].id"),
            )
            for index, stream in enumerate(self.streams)
        ]
        return Read(positions, positive_count(self.count), checked_block_ms(self.block_ms))


class TrimRequestShape(TrimShape, BodyShape):
    """`/trim`."""

    key: StrictStr

    def command(self) -> Trim:
        return Trim(check_name(self.key, "key"), self.to_threshold())


class DeleteShape(BodyShape):
    """`/delete`."""

    key: StrictStr
    ids: Batch[StrictStr]

    def command(self) -> Delete:
        check_name(self.key, "key")
        return Delete(self.key, ids_or_refusal(self.ids))


class CommandShape(Shape):
    """`/command`: Redis words."""

    command: StrictStr
    args: list[Any] = []


def ids_of(texts: list[str]) -> list[EntryId]:
    """The IDs of `ids`. Raises InvalidRequest, InvalidCommand."""
    if not texts:
        raise InvalidRequest("ids must hold at least one ID")
    return [parsed(parse_id, text, f"ids[{index}]") for index, text in enumerate(texts)]


def ids_or_refusal(texts: list[str]) -> list[EntryId] | Refusal:
    """The same for commands that tell of a malformed ID later. Raises InvalidRequest."""
    try:
        return ids_of(texts)
    except InvalidCommand as refusal:
        return refusal


def checked_block_ms(block_ms: int | None) -> int | None:
    """Raises InvalidCommand for a timeout that is negative or out of range (XREAD-6)."""
    if block_ms is None:
        return None
    return parsed(partial(check_block_ms, now_ms=clock.now_ms()), block_ms, "block_ms")


class LengthQuery(QueryShape):
    """`/length/{key}`: no parameters."""

    def command(self, *, key: str = "", group: str = "") -> Length:
        return Length(key)


class RangeQuery(QueryShape):
    """`/range/{key}`."""

    start: str = "-"
    end: str = "+"
    count: QueryInteger | None = None

    def command(self, *, key: str = "", group: str = "") -> Range:
        start, end = lower_bound(self.start, "start"), upper_bound(self.end, "end")
        return Range(key, start, end, self.count)


class ReverseQuery(QueryShape):
    """`/reverse/{key}`: `start` is the high end."""

    start: str = "+"
    end: str = "-"
    count: QueryInteger | None = None

    def command(self, *, key: str = "", group: str = "") -> ReverseRange:
        start, end = lower_bound(self.end, "end"), upper_bound(self.start, "start")
        return ReverseRange(key, start, end, self.count)


class InfoQuery(QueryShape):
    """`/info/{key}`."""

    section: Literal["stream", "groups", "consumers"] = "stream"
    group: str | None = None
    full: QueryBoolean = False
    count: QueryInteger | None = None

    def command(self, *, key: str = "", group: str = "") -> Command:
        if self.count is not None and not self.full:
            raise InvalidQuery("count goes with full")
        if (self.group is None) != (self.section != "consumers"):
            raise InvalidQuery("group goes with section=consumers, and only with it")
        if self.section == "groups":
            return InfoGroups(key)
        if self.group is not None:
            return InfoConsumers(key, check_name(self.group, "group"))
        if not self.full:
            return InfoStream(key)
        return InfoStream(key, full_of(DEFAULT_FULL_COUNT if self.count is None else self.count))


class ListQuery(QueryShape):
    """The collection."""

    match: str = "*"
    cursor: str = ""
    count: Annotated[QueryInteger, between(1, list_streams.LARGEST_COUNT)] = (
        list_streams.DEFAULT_COUNT
    )

    def command(self, *, key: str = "", group: str = "") -> ListStreams:
        return ListStreams(self.match, self.cursor, self.count)


def lower_bound(text: str, parameter: str) -> EntryId:
    """The lower bound of a range. Raises InvalidCommand, naming the parameter."""
    return parsed(parse_range_start, _with_plus(text), parameter)


def upper_bound(text: str, parameter: str) -> EntryId:
    """The upper bound of a range. Raises InvalidCommand, naming the parameter."""
    return parsed(parse_range_end, _with_plus(text), parameter)


def _with_plus(text: str) -> str:
    # A bare + in a query is decoded to a space.
    return "+" if text == " " else text
