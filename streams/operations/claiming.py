"""Give pending entries of a locked consumer group to another consumer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from streams.domain.claims import Candidate, ClaimRules, Claims, Scan, claim_each, claim_scanned
from streams.domain.groups import ConsumerGroup, no_group
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.operations import locking
from streams.store import candidates, consumers, groups, pending, session

ROWS_PER_RESULT = 10
"""How many rows XAUTOCLAIM examines at most, for each result that its COUNT allows (XAC-4)."""

LARGEST_PAGE = 1_000
"""How many rows of the list XAUTOCLAIM fetches at once."""


@contextmanager
def claimant(plate: PlateId, key: str, group: str, consumer: str) -> Iterator["Claimant"]:
    """Run the body in a transaction that holds the lock of the group. Raises NoGroup.

    1. Lock the group. Its stream is not locked: entries may be deleted meanwhile.
    2. Run the body, which claims.
    3. Commit.
    """
    with session.transaction():
        locked = locking.lock_group(plate, key, group)
        if locked is None:
            raise no_group(key, group)
        yield Claimant(locked, consumer)


@dataclass(frozen=True, slots=True)
class Claimant:
    """A consumer that claims from its locked group. A claim creates it if it does not exist."""

    group: ConsumerGroup
    consumer: str

    def claim(
        self, ids: Sequence[EntryId], rules: ClaimRules, *, last_delivered_id: EntryId | None
    ) -> Claims:
        """Claim entries by their IDs.

        Raises the group's last-delivered-id to the given one if that is greater (None: never).
        """
        consumer_id = self._seen(rules)
        if last_delivered_id and last_delivered_id > self.group.last_delivered_id:
            groups.save(replace(self.group, last_delivered_id=last_delivered_id))
        found = candidates.find(self.group, ids) if ids else []
        claims = claim_each(found, rules)
        self._write(claims, consumer_id)
        return claims

    def claim_idle(self, start: EntryId, rules: ClaimRules, *, count: int) -> Scan:
        """Walk the list from an ID on, and claim up to `count` entries that are idle enough."""
        consumer_id = self._seen(rules)
        scan = claim_scanned(
            self._candidates(start, rules, count),
            rules,
            count=count,
            budget=count * ROWS_PER_RESULT,
        )
        self._write(scan.claims, consumer_id)
        return scan

    def _seen(self, rules: ClaimRules) -> int:
        return consumers.see([self.group], self.consumer, rules.now_ms)[self.group.id]

    def _candidates(self, start: EntryId, rules: ClaimRules, count: int) -> Iterator[Candidate]:
        """The list from `start` on, in pages. If all are idle enough, the first page suffices."""
        size = min(count + 1, LARGEST_PAGE)
        while True:
            page = candidates.scan(self.group, start, rules.idle_since, size)
            yield from page
            if len(page) < size:
                return
            start, size = page[-1].entry_id.next(), LARGEST_PAGE

    def _write(self, claims: Claims, consumer_id: int) -> None:
        if claims.deleted:
            pending.remove(self.group, claims.deleted)
        if claims.delivery_counts:
            pending.assign(
                self.group,
                consumer_id,
                claims.delivery_counts,
                delivered_at=claims.rules.delivered_at,
                now_ms=claims.rules.now_ms,
            )
