"""The shapes of the consumer groups' typed requests, as `shapes` has those of the streams."""

from pydantic import StrictBool, StrictStr

from streams.api.members import Integer, QueryInteger
from streams.api.naming import about, parsed
from streams.api.shapes import (
    Batch,
    BodyShape,
    QueryShape,
    Shape,
    check_name,
    checked_block_ms,
    ids_of,
    ids_or_refusal,
    lower_bound,
    upper_bound,
)
from streams.commands import xautoclaim, xpending
from streams.commands.xack import Acknowledge
from streams.commands.xautoclaim import AutoClaim
from streams.commands.xclaim import Claim, ClaimOptions
from streams.commands.xgroup import CreateGroup, check_entries_read, parse_last_delivered
from streams.commands.xpending import Pending, PendingRange
from streams.commands.xreadgroup import ReadGroup, parse_after
from streams.domain.errors import InvalidRequest, Refusal
from streams.domain.ids import parse_id
from streams.domain.read_options import positive_count
from streams.operations.delivering import GroupPosition


class GroupShape(BodyShape):
    """A stream and one of its groups."""

    key: StrictStr
    group: StrictStr

    def check_names(self) -> None:
        """Raises InvalidRequest."""
        check_name(self.key, "key")
        check_name(self.group, "group")


class CreateGroupShape(GroupShape):
    """`/groups/create`."""

    id: StrictStr = "$"
    mkstream: StrictBool = False
    entries_read: Integer | None = None

    def command(self) -> CreateGroup:
        self.check_names()
        entries_read = None
        if self.entries_read is not None:
            entries_read = parsed(check_entries_read, self.entries_read, "entries_read")
        last_delivered = parse_last_delivered(self.id)
        if isinstance(last_delivered, Refusal):
            last_delivered = about(last_delivered, "id", self.id)
        return CreateGroup(self.key, self.group, last_delivered, self.mkstream, entries_read)


class GroupStartShape(Shape):
    """A stream to read with a group, and where from."""

    key: StrictStr
    id: StrictStr = ">"

    def position(self, path: str) -> GroupPosition:
        """Raises InvalidRequest. A wrong ID is refused only where the group exists."""
        check_name(self.key, f"{path}.key")
        after = parse_after(self.id)
        if isinstance(after, Refusal):
            after = about(after, f"{path}.id", self.id)
        return GroupPosition(self.key, after)


class ReadGroupShape(BodyShape):
    """`/groups/read`."""

    group: StrictStr
    consumer: StrictStr
    streams: Batch[GroupStartShape]
    count: Integer | None = None
    block_ms: Integer | None = None
    noack: StrictBool = False

    def command(self) -> ReadGroup:
        check_name(self.group, "group")
        check_name(self.consumer, "consumer")
        if not self.streams:
            raise InvalidRequest("streams must name at least one stream")
        return ReadGroup(
            self.group,
            self.consumer,
            [stream.position(f"streams[{index}]") for index, stream in enumerate(self.streams)],
            positive_count(self.count),
            checked_block_ms(self.block_ms),
            self.noack,
        )


class AcknowledgeShape(GroupShape):
    """`/groups/ack`."""

    ids: Batch[StrictStr]

    def command(self) -> Acknowledge:
        self.check_names()
        return Acknowledge(self.key, self.group, ids_or_refusal(self.ids))


class ClaimingShape(GroupShape):
    """What both ways to claim have in common."""

    consumer: StrictStr
    min_idle_ms: Integer = 0
    justid: StrictBool = False

    def check_names(self) -> None:
        super().check_names()
        check_name(self.consumer, "consumer")


class ClaimShape(ClaimingShape):
    """`/groups/claim`."""

    ids: Batch[StrictStr]
    idle_ms: Integer | None = None
    time_ms: Integer | None = None
    retry_count: Integer | None = None
    force: StrictBool = False
    last_id: StrictStr | None = None

    def command(self) -> Claim:
        self.check_names()
        if self.idle_ms is not None and self.time_ms is not None:
            raise InvalidRequest("idle_ms and time_ms say the same: give one of them")
        options = ClaimOptions(
            self.min_idle_ms,
            ids_of(self.ids),
            self.idle_ms,
            self.time_ms,
            self.retry_count,
            self.force,
            self.justid,
            None if self.last_id is None else parsed(parse_id, self.last_id, "last_id"),
        )
        return Claim(self.key, self.group, self.consumer, options)


class AutoClaimShape(ClaimingShape):
    """`/groups/autoclaim`."""

    start: StrictStr = "0-0"
    count: Integer = xautoclaim.DEFAULT_COUNT

    def command(self) -> AutoClaim:
        self.check_names()
        return AutoClaim(
            self.key,
            self.group,
            self.consumer,
            self.min_idle_ms,
            lower_bound(self.start, "start"),
            parsed(xautoclaim.parse_count, str(self.count), "count"),
            self.justid,
        )


class PendingQuery(QueryShape):
    """`/groups/pending/{key}/{group}`: with any parameter, the extended form."""

    start: str = "-"
    end: str = "+"
    count: QueryInteger | None = None
    consumer: str | None = None
    min_idle_ms: QueryInteger | None = None

    def command(self, *, key: str = "", group: str = "") -> Pending:
        if not self.model_fields_set:
            return Pending(key, group)
        if self.consumer is not None:
            check_name(self.consumer, "consumer")
        return Pending(
            key,
            group,
            PendingRange(
                lower_bound(self.start, "start"),
                upper_bound(self.end, "end"),
                xpending.DEFAULT_COUNT if self.count is None else self.count,
                self.consumer,
                self.min_idle_ms or 0,
            ),
        )
