"""XCLAIM and XAUTOCLAIM: take pending entries over from other consumers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from streams.commands import clock
from streams.commands.contract import OneGroup, Scope, check_number
from streams.domain.arguments import Arguments, parse_integer
from streams.domain.claims import (
    Candidate,
    ClaimRules,
    Claims,
    Scan,
    claim_each,
    claim_scanned,
)
from streams.domain.errors import InvalidCommand, Refusal, echo, syntax_error
from streams.domain.groups import ConsumerGroup, no_group
from streams.domain.ids import EntryId, parse_id, parse_range_start
from streams.domain.plates import PlateId
from streams.store import candidates, consumers, groups, pending


@dataclass(frozen=True, slots=True)
class ClaimDetails:
    """What follows the consumer in XCLAIM. Instants are Unix milliseconds."""

    min_idle_ms: int
    ids: Sequence[EntryId]
    # How long the entries are to look idle; None: see `delivered_at`.
    idle_ms: int | None = None
    # None: now.
    delivered_at: int | None = None
    # None or below 0: count on.
    retry_count: int | None = None
    force: bool = False
    just_ids: bool = False
    # Raises the group's last-delivered-id to this, if it is greater.
    last_id: EntryId | None = None


@dataclass(frozen=True, slots=True)
class Claim(OneGroup):
    """XCLAIM key group consumer min-idle-time id [id …] [IDLE ms] [TIME unix-ms] [RETRYCOUNT n]
    [FORCE] [JUSTID] [LASTID id]

    Replies with the claimed entries in the order of the IDs, or with IDs only for JUSTID. Those
    not idle long enough are left out; so are those whose entry is gone, which leave the list.
    """

    name: ClassVar = "XCLAIM"
    arity: ClassVar = -6
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str
    # A bad word is told only once the group is known (XCLAIM-1).
    details: ClaimDetails | Refusal

    @classmethod
    def parse(cls, arguments: Arguments) -> "Claim":
        key, group, consumer = arguments.take(), arguments.take(), arguments.take()
        try:
            return cls(key, group, consumer, _parse_details(arguments))
        except InvalidCommand as refusal:
            return cls(key, group, consumer, refusal)

    def execute(self, plate: PlateId) -> list[Any]:
        """Raises NoGroup, InvalidCommand."""
        with _locked_group(plate, self.key, self.group) as group:
            if isinstance(self.details, Refusal):
                raise self.details
            details, now_ms = self.details, clock.now_ms()
            seen = consumers.see(plate, [self.key], self.group, self.consumer, now_ms)
            if details.last_id and details.last_id > group.last_delivered_id:
                groups.save(replace(group, last_delivered_id=details.last_id))
            found = candidates.find(group, details.ids) if details.ids else []
            rules = _rules(details, now_ms)
            claims = claim_each(found, rules)
            _write(group, seen()[group.id], claims, rules)
            return _shown(claims, just_ids=details.just_ids)

    def reply(self, result: list[Any]) -> list[Any]:
        return result


@dataclass(frozen=True, slots=True)
class AutoClaim(OneGroup):
    """XAUTOCLAIM key group consumer min-idle-time start [COUNT n] [JUSTID]

    Replies with [cursor, claimed entries or IDs, IDs whose entry is gone]. Pass the cursor back
    as start; 0-0 says that the list is through (XAC-8, XAC-9).
    """

    name: ClassVar = "XAUTOCLAIM"
    arity: ClassVar = -6
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str
    min_idle_ms: int
    start: EntryId
    count: int = 100
    just_ids: bool = False

    @classmethod
    def parse(cls, arguments: Arguments) -> "AutoClaim":
        """Check in the order of XAC-1. Raises InvalidCommand."""
        key, group, consumer = arguments.take(), arguments.take(), arguments.take()
        min_idle_ms = arguments.take_integer("ERR Invalid min-idle-time argument for XAUTOCLAIM")
        start = parse_range_start(arguments.take())
        count, just_ids = DEFAULT_COUNT, False
        while arguments.left:
            if arguments.take_keyword("COUNT", followed_by=1):
                count = check_count(arguments.take())
            elif arguments.take_keyword("JUSTID"):
                just_ids = True
            else:
                raise syntax_error()
        return cls(key, group, consumer, min_idle_ms, start, count, just_ids)

    def execute(self, plate: PlateId) -> list[Any]:
        """Raises NoGroup."""
        with _locked_group(plate, self.key, self.group) as group:
            now_ms = clock.now_ms()
            seen = consumers.see(plate, [self.key], self.group, self.consumer, now_ms)
            rules = ClaimRules(now_ms, self.min_idle_ms, now_ms, just_ids=self.just_ids)
            scan = claim_scanned(
                self._candidates(group, rules),
                rules,
                count=self.count,
                budget=self.count * ROWS_PER_RESULT,
            )
            _write(group, seen()[group.id], scan.claims, rules)
            return self._shown(scan)

    def reply(self, result: list[Any]) -> list[Any]:
        return result

    def _candidates(self, group: ConsumerGroup, rules: ClaimRules) -> Iterator[Candidate]:
        """The list from `start` on, in pages: the first one is all, where all are idle."""
        idle_since = rules.now_ms - max(0, rules.min_idle_ms)
        start, size = self.start, min(self.count + 1, LARGEST_PAGE)
        while True:
            page = candidates.scan(group, start, idle_since, size)
            yield from page
            if len(page) < size:
                return
            start, size = page[-1].entry_id.next(), LARGEST_PAGE

    def _shown(self, scan: Scan) -> list[Any]:
        return [
            str(scan.cursor),
            _shown(scan.claims, just_ids=self.just_ids),
            [str(entry_id) for entry_id in scan.claims.purged],
        ]


DEFAULT_COUNT = 100
HIGHEST_COUNT = 576_460_752_303_423_487
"""The COUNT of XAUTOCLAIM (XAC-2)."""

ROWS_PER_RESULT = 10
"""How many rows XAUTOCLAIM looks at for each that it may return (XAC-4)."""

LARGEST_PAGE = 1_000
"""How many rows of the list it fetches at once."""


_NUMBERS = {
    "IDLE": "idle_ms",
    "TIME": "delivered_at",
    "RETRYCOUNT": "retry_count",
}
_FLAGS = {"FORCE": "force", "JUSTID": "just_ids"}


def check_count(word: str) -> int:
    """The COUNT of XAUTOCLAIM. Raises InvalidCommand (XAC-2)."""
    refusal = "ERR COUNT must be > 0"
    count = parse_integer(word, refusal)
    if not 1 <= count <= HIGHEST_COUNT:
        raise InvalidCommand(refusal)
    return count


def _parse_details(arguments: Arguments) -> ClaimDetails:
    """Raises TooLarge, InvalidCommand, first error left to right (XCLAIM-2 to XCLAIM-6)."""
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
            options["last_id"] = parse_id(arguments.take())
        else:
            raise InvalidCommand(f"ERR Unrecognized XCLAIM option '{echo(arguments.peek())}'")
    return ClaimDetails(min_idle_ms, ids, **options)


def _take_ids(arguments: Arguments) -> list[EntryId]:
    """The words up to the first that is no ID (XCLAIM-3). Raises TooLarge."""
    ids: list[EntryId] = []
    while arguments.left:
        try:
            ids.append(parse_id(arguments.peek()))
        except InvalidCommand:
            break
        arguments.take()
        check_number(len(ids), "IDs")
    return ids


def _rules(details: ClaimDetails, now_ms: int) -> ClaimRules:
    delivered_at = details.delivered_at
    if details.idle_ms is not None:
        delivered_at = now_ms - details.idle_ms
    if delivered_at is None or not 0 <= delivered_at <= now_ms:
        delivered_at = now_ms  # XCLAIM-8
    retry_count = details.retry_count
    return ClaimRules(
        now_ms,
        details.min_idle_ms,
        delivered_at,
        delivery_count=retry_count if retry_count is not None and retry_count >= 0 else None,
        force=details.force,
        just_ids=details.just_ids,
    )


@contextmanager
def _locked_group(plate: PlateId, key: str, name: str) -> Iterator[ConsumerGroup]:
    with groups.locked(plate, key, name) as group:
        if group is None:
            raise no_group(key, name)
        yield group


def _write(group: ConsumerGroup, consumer_id: int, claims: Claims, rules: ClaimRules) -> None:
    if claims.purged:
        pending.remove(group, claims.purged)
    if claims.delivery_counts:
        pending.assign(
            group,
            consumer_id,
            claims.delivery_counts,
            delivered_at=rules.delivered_at,
            now_ms=rules.now_ms,
        )


def _shown(claims: Claims, *, just_ids: bool) -> list[Any]:
    return [
        str(candidate.entry_id) if just_ids else candidate.entry for candidate in claims.claimed
    ]
