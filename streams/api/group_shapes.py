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
    positive_count,
    upper_bound,
)
from streams.commands.claims import AutoClaim, Claim, ClaimDetails, check_count
from streams.commands.deliveries import Acknowledge, GroupPosition, ReadGroup, parse_start
from streams.commands.groups import CreateGroup, check_entries_read, parse_place
from streams.commands.pending import Pending, PendingRange
from streams.domain.errors import InvalidRequest, Refusal
from streams.domain.ids import parse_id


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
        place = parse_place(self.id)
        if isinstance(place, Refusal):
            place = about(place, "id", self.id)
        return CreateGroup(self.key, self.group, place, self.mkstream, entries_read)


class GroupStartShape(Shape):
    """A stream to read with a group, and where from."""

    key: StrictStr
    id: StrictStr = ">"

    def position(self, place: str) -> GroupPosition:
        """Raises InvalidRequest. What is wrong with the ID is told after the group is found."""
        check_name(self.key, f"{place}.key")
        start = parse_start(self.id)
        if isinstance(start, Refusal):
            start = about(start, f"{place}.id", self.id)
        return GroupPosition(self.key, start)


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
        details = ClaimDetails(
            self.min_idle_ms,
            ids_of(self.ids),
            self.idle_ms,
            self.time_ms,
            self.retry_count,
            self.force,
            self.justid,
            None if self.last_id is None else parsed(parse_id, self.last_id, "last_id"),
        )
        return Claim(self.key, self.group, self.consumer, details)


class AutoClaimShape(ClaimingShape):
    """`/groups/autoclaim`."""

    start: StrictStr = "0-0"
    count: Integer = 100

    def command(self) -> AutoClaim:
        self.check_names()
        return AutoClaim(
            self.key,
            self.group,
            self.consumer,
            self.min_idle_ms,
            lower_bound(self.start, "start"),
            parsed(check_count, str(self.count), "count"),
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
                DEFAULT_COUNT if self.count is None else self.count,
                self.consumer,
                self.min_idle_ms or 0,
            ),
        )


DEFAULT_COUNT = 10
"""How many pending entries a list shows if no count says."""
