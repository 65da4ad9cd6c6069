"""Give pending entries of a locked consumer group to another consumer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def claimant(
    plate: PlateId, key: str, group: str, consumer: str
) -> AsyncIterator["Claimant"]:
    """Run the body in a transaction that holds the lock of the group. Raises NoGroup.

    1. Lock the group. Its stream is not locked: entries may be deleted meanwhile.
    2. Run the body, which claims.
    3. Commit.
    """
    async with session.transaction():
        locked = await locking.lock_group(plate, key, group)
        if locked is None:
            raise no_group(key, group)
        yield Claimant(locked, consumer)


@dataclass(frozen=True, slots=True)
class Claimant:
    """A consumer that claims from its locked group. A claim creates it if it does not exist."""

    group: ConsumerGroup
    consumer: str

    async def claim(
        self, ids: Sequence[EntryId], rules: ClaimRules, *, last_delivered_id: EntryId | None
    ) -> Claims:
        """Claim entries by their IDs.

        Raises the group's last-delivered-id to the given one if that is greater (None: never).
        """
        consumer_id = await self._seen(rules)
        if last_delivered_id and last_delivered_id > self.group.last_delivered_id:
            await groups.save(replace(self.group, last_delivered_id=last_delivered_id))
        found = await candidates.find(self.group, ids) if ids else []
        claims = claim_each(found, rules)
        await self._write(claims, consumer_id)
        return claims

    async def claim_idle(self, start: EntryId, rules: ClaimRules, *, count: int) -> Scan:
        """Walk the list from an ID on, and claim up to `count` entries that are idle enough."""
        consumer_id = await self._seen(rules)
        scan = await claim_scanned(
            self._candidates(start, rules, count),
            rules,
            count=count,
            budget=count * ROWS_PER_RESULT,
        )
        await self._write(scan.claims, consumer_id)
        return scan

    async def _seen(self, rules: ClaimRules) -> int:
        return (await consumers.see([self.group], self.consumer, rules.now_ms))[self.group.id]

    async def _candidates(
        self, start: EntryId, rules: ClaimRules, count: int
    ) -> AsyncIterator[Candidate]:
        """The list from `start` on, in pages. If all are idle enough, the first page suffices."""
        size = min(count + 1, LARGEST_PAGE)
        while True:
            page = await candidates.scan(self.group, start, rules.idle_since, size)
            for candidate in page:
                yield candidate
            if len(page) < size:
                return
            start, size = page[-1].entry_id.next(), LARGEST_PAGE

    async def _write(self, claims: Claims, consumer_id: int) -> None:
        if claims.deleted:
            await pending.remove(self.group, claims.deleted)
        if claims.delivery_counts:
            await pending.assign(
                self.group,
                consumer_id,
                claims.delivery_counts,
                delivered_at=claims.rules.delivered_at,
                now_ms=claims.rules.now_ms,
            )
