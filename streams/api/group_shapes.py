"""The shapes of the consumer groups' typed requests, as `shapes` has those of the streams."""

from pydantic import StrictBool, StrictStr

from streams.api.members import Integer, QueryInteger
from streams.api.shapes import (
    BodyShape,
    QueryShape,
    Shape,
    check_batch,
    check_name,
    checked_block_ms,
    checked_ids,
    positive_count,
)
from streams.commands.claims import AutoClaim, Claim, ClaimDetails, check_count
from streams.commands.deliveries import Acknowledge, GroupPosition, ReadGroup, parse_start
from streams.commands.groups import CreateGroup, check_entries_read, parse_place
from streams.commands.pending import Pending, PendingRange
from streams.domain.errors import InvalidRequest
from streams.domain.ids import parse_id, parse_range_end, parse_range_start


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
        entries_read = None if self.entries_read is None else check_entries_read(self.entries_read)
        return CreateGroup(self.key, self.group, parse_place(self.id), self.mkstream, entries_read)


class GroupStartShape(Shape):
    """A stream to read with a group, and where from."""

    key: StrictStr
    id: StrictStr = ">"


class ReadGroupShape(BodyShape):
    """`/groups/read`."""

    group: StrictStr
    consumer: StrictStr
    streams: list[GroupStartShape]
    count: Integer | None = None
    block_ms: Integer | None = None
    noack: StrictBool = False

    def command(self) -> ReadGroup:
        check_name(self.group, "group")
        check_name(self.consumer, "consumer")
        if not self.streams:
            raise InvalidRequest("streams must name at least one stream")
        check_batch(self.streams, "streams")
        return ReadGroup(
            self.group,
            self.consumer,
            [
                GroupPosition(
                    check_name(stream.key, f"streams[{place}].key"), parse_start(stream.id)
                )
                for place, stream in enumerate(self.streams)
            ],
            positive_count(self.count),
            checked_block_ms(self.block_ms),
            self.noack,
        )


class AcknowledgeShape(GroupShape):
    """`/groups/ack`."""

    ids: list[StrictStr]

    def command(self) -> Acknowledge:
        self.check_names()
        return Acknowledge(self.key, self.group, checked_ids(self.ids))


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

    ids: list[StrictStr]
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
            [parse_id(text) for text in checked_ids(self.ids)],
            self.idle_ms,
            self.time_ms,
            self.retry_count,
            self.force,
            self.justid,
            parse_id(self.last_id) if self.last_id is not None else None,
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
            parse_range_start(self.start),
            check_count(str(self.count)),
            self.justid,
        )


class PendingQuery(QueryShape):
    """`/groups/pending/{key}/{group}`: with any parameter, the extended form."""

    start: str | None = None
    end: str | None = None
    count: QueryInteger | None = None
    consumer: str | None = None
    min_idle_ms: QueryInteger | None = None

    def command(self, *, key: str = "", group: str = "") -> Pending:
        if not self.model_fields_set:
            return Pending(key, group)
        if self.consumer is not None:
            check_name(self.consumer, "consumer")
        # A bare + in a query is decoded to a space (section 3 of the contract).
        start, end = ("+" if text == " " else text for text in (self.start or "-", self.end or "+"))
        return Pending(
            key,
            group,
            PendingRange(
                parse_range_start(start),
                parse_range_end(end),
                DEFAULT_COUNT if self.count is None else self.count,
                self.consumer,
                self.min_idle_ms or 0,
            ),
        )


DEFAULT_COUNT = 10
"""How many pending entries a list shows if no count says."""
