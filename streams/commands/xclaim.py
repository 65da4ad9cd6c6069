"""XCLAIM: take pending entries over from other consumers, by their IDs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from streams import clock
from streams.commands.contract import OneConsumer, check_number
from streams.domain.arguments import Arguments
from streams.domain.claims import ClaimRules, Claims
from streams.domain.errors import InvalidCommand, Refusal, echo
from streams.domain.ids import EntryId, parse_id
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.operations import claiming


@dataclass(frozen=True, slots=True)
class ClaimOptions:
    """What follows the consumer in XCLAIM. Instants are in Unix milliseconds."""

    min_idle_ms: int
    ids: Sequence[EntryId]
    # IDLE: how long the claimed entries shall count as idle; None: `delivered_at` decides.
    idle_ms: int | None = None
    # TIME: when the claimed entries shall count as delivered; None: now.
    delivered_at: int | None = None
    # The new delivery count; None or below 0: the old one, plus 1 without JUSTID.
    retry_count: int | None = None
    force: bool = False
    just_ids: bool = False
    # LASTID: raises the group's last-delivered-id to this if that is greater.
    last_delivered_id: EntryId | None = None

    def rules(self, now_ms: int) -> ClaimRules:
        """What the options mean at that instant (XCLAIM-8)."""
        delivered_at = self.delivered_at
        if self.idle_ms is not None:
            delivered_at = now_ms - self.idle_ms
        if delivered_at is None or not 0 <= delivered_at <= now_ms:
            delivered_at = now_ms
        retry_count = self.retry_count
        return ClaimRules(
            now_ms,
            self.min_idle_ms,
            delivered_at,
            delivery_count=retry_count if retry_count is not None and retry_count >= 0 else None,
            force=self.force,
            just_ids=self.just_ids,
        )


@dataclass(frozen=True, slots=True)
class Claim(OneConsumer):
    """XCLAIM key group consumer min-idle-time id [id …] [IDLE ms] [TIME unix-ms] [RETRYCOUNT n]
    [FORCE] [JUSTID] [LASTID id]

    Replies with the claimed entries in the order of the IDs; with JUSTID, with their IDs. Entries
    that are not idle long enough are left out. Pending entries whose entry is gone are left out,
    too, and are removed from the list.
    """

    name: ClassVar = "XCLAIM"
    arity: ClassVar = -6
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str
    # A bad word is refused only if the group exists (XCLAIM-1).
    options: ClaimOptions | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Claim":
        key, group, consumer = arguments.take(), arguments.take(), arguments.take()
        try:
            return cls(key, group, consumer, _parse_options(arguments))
        except InvalidCommand as refusal:
            return cls(key, group, consumer, refusal)

    async def execute(self, plate: PlateId) -> Claims:
        """Raises NoGroup, InvalidCommand."""
        async with claiming.claimant(plate, self.key, self.group, self.consumer) as claimant:
            if isinstance(self.options, Refusal):
                raise self.options
            return await claimant.claim(
                self.options.ids,
                self.options.rules(clock.now_ms()),
                last_delivered_id=self.options.last_delivered_id,
            )

    def reply(self, result: Claims) -> list[Any]:
        return result.ids() if result.rules.just_ids else result.entries()


_NUMBERS = {
    "IDLE": "idle_ms",
    "TIME": "delivered_at",
    "RETRYCOUNT": "retry_count",
}
_FLAGS = {"FORCE": "force", "JUSTID": "just_ids"}


def _parse_options(arguments: Arguments) -> ClaimOptions:
    """Raises TooLarge or InvalidCommand for the first error from the left (XCLAIM-2 to 6)."""
    min_idle_ms = arguments.take_integer("ERR Invalid min-idle-time argument for XCLAIM")
    ids = _take_ids(arguments)
    options: dict[str, Any] = {}
    while arguments.left:
        if option := arguments.take_keyword(*_NUMBERS, followed_by=1):
            refusal = f"ERR Invalid {option} option argument for XCLAIM"
            # IDLE and TIME override each other (XCLAIM-4).
            if option in ("IDLE", "TIME"):
                options.update(idle_ms=None, delivered_at=None)
            options[_NUMBERS[option]] = arguments.take_integer(refusal)
        elif option := arguments.take_keyword(*_FLAGS):
            options[_FLAGS[option]] = True
        elif arguments.take_keyword("LASTID", followed_by=1):
            options["last_delivered_id"] = parse_id(arguments.take())
        else:
            raise InvalidCommand(f"ERR Unrecognized XCLAIM option '{echo(arguments.peek())}'")
    return ClaimOptions(min_idle_ms, ids, **options)


def _take_ids(arguments: Arguments) -> list[EntryId]:
    """The IDs up to the first word that is not one (XCLAIM-3). Raises TooLarge."""
    ids: list[EntryId] = []
    while arguments.left:
        try:
            ids.append(parse_id(arguments.peek()))
        except InvalidCommand:
            break
        arguments.take()
        check_number(len(ids), "IDs")
    return ids
