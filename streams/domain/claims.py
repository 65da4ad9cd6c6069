"""Claiming: which pending entries a consumer may take over, and how that changes them."""

from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from streams.domain.arguments import MAX_INTEGER
from streams.domain.counters import wrapped
from streams.domain.ids import NO_ID, EntryId


class PendingEntry(NamedTuple):
    """An entry on a pending entries list; `delivered_at` is Unix milliseconds."""

    consumer_id: int
    delivered_at: int
    delivery_count: int


class Candidate(NamedTuple):
    """An ID that may be claimed, with its pending entry and its entry."""

    entry_id: EntryId
    # None: it is not pending.
    pending: PendingEntry | None
    entry_exists: bool
    # The entry as a reply shows it; None: it is gone, or in a scan not idle long enough.
    entry: Any | None


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The rules of one claim. Instants are in Unix milliseconds, durations in milliseconds."""

    now_ms: int
    min_idle_ms: int = 0
    # The claimed entries' new time of delivery.
    delivered_at: int = 0
    # The claimed entries' new delivery count; None: one more than before, unless `just_ids`.
    delivery_count: int | None = None
    # Whether to claim entries that are not pending, too.
    force: bool = False
    # Whether only the IDs are wanted, so that it does not count as a delivery (ST-13).
    just_ids: bool = False

    @property
    def idle_since(self) -> int:
        """The last instant at which an entry may have been delivered that is idle enough."""
        return idle_since(self.now_ms, self.min_idle_ms)


@dataclass(slots=True)
class Claims:
    """The result of a claim under these rules."""

    rules: ClaimRules
    # In the order of the reply; an ID may be there twice (XCLAIM-14).
    claimed: list[Candidate] = field(default_factory=list)
    # The new delivery count of each claimed entry.
    delivery_counts: dict[EntryId, int] = field(default_factory=dict)
    # Pending entries whose entry is gone: they are removed from the list.
    deleted: list[EntryId] = field(default_factory=list)

    def ids(self) -> list[str]:
        """The IDs of the claimed entries, as a reply shows them."""
        return [str(candidate.entry_id) for candidate in self.claimed]

    def entries(self) -> list[Any]:
        """The claimed entries, as a reply shows them."""
        return [candidate.entry for candidate in self.claimed]


class Scan(NamedTuple):
    """What a scan of the list has claimed, and where the next one starts; 0-0: the list ended."""

    claims: Claims
    cursor: EntryId


def idle_since(now_ms: int, min_idle_ms: int) -> int:
    """The last instant at which an entry may have been delivered that is idle for so long by now.

    With a min-idle-time of 0 or below every entry is, even one that was delivered after `now_ms`,
    by another clock (XCLAIM-2, XPENDING-9).
    """
    return now_ms - min_idle_ms if min_idle_ms > 0 else MAX_INTEGER


def claim_each(candidates: Iterable[Candidate], rules: ClaimRules) -> Claims:
    """Claim by ID, in order (XCLAIM-9 to XCLAIM-14)."""
    claims = Claims(rules)
    for candidate in candidates:
        pending = _as_claimed_before(candidate, claims)
        if not candidate.entry_exists:
            if pending and candidate.entry_id not in claims.deleted:
                claims.deleted.append(candidate.entry_id)
        elif pending is None:
            if rules.force:
                _claim(candidate, 1, claims)
        elif pending.delivered_at <= rules.idle_since:
            _claim(candidate, pending.delivery_count, claims)
    return claims


async def claim_scanned(
    candidates: AsyncIterable[Candidate], rules: ClaimRules, *, count: int, budget: int
) -> Scan:
    """Walk the list: up to `count` results from up to `budget` rows (XAC-4 to XAC-9).

    Takes one candidate more than it examines, to know where the next scan starts.
    """
    claims = Claims(rules)
    examined = -1
    async for candidate in candidates:
        examined += 1
        results = len(claims.claimed) + len(claims.deleted)
        if examined == budget or results == count:
            return Scan(claims, candidate.entry_id)
        assert candidate.pending is not None
        if not candidate.entry_exists:
            claims.deleted.append(candidate.entry_id)
        elif candidate.pending.delivered_at <= rules.idle_since:
            _claim(candidate, candidate.pending.delivery_count, claims)
    return Scan(claims, NO_ID)


def _claim(candidate: Candidate, delivery_count: int, claims: Claims) -> None:
    rules = claims.rules
    if rules.delivery_count is not None:
        delivery_count = rules.delivery_count
    elif not rules.just_ids:
        delivery_count = wrapped(delivery_count + 1)
    claims.claimed.append(candidate)
    claims.delivery_counts[candidate.entry_id] = delivery_count


def _as_claimed_before(candidate: Candidate, claims: Claims) -> PendingEntry | None:
    """The pending entry, as it is if this command has claimed the same ID before."""
    count = claims.delivery_counts.get(candidate.entry_id)
    if count is None:
        return candidate.pending
    return PendingEntry(0, claims.rules.delivered_at, count)
