"""Candidates for a claim: rows of `pending_entry` together with their entries.

`streams.store.pending` explains why the statements have this form.
"""

from collections.abc import Sequence
from typing import Any

from streams.domain.claims import Candidate, PendingEntry
from streams.domain.groups import ConsumerGroup
from streams.domain.ids import EntryId
from streams.store import literals, session
from streams.store.entries import RENDERED, Rendered

# Gives for each wanted ID, in order, the pending entry if there is one, whether the entry exists,
# and the entry. Locks nothing: the caller holds the lock of the group.
FIND_FOR_CLAIM = f"""
    SELECT wanted.ms::text, wanted.seq::text,
           pending_entry.consumer_id, pending_entry.delivered_at, pending_entry.delivery_count,
           found.rendered IS NOT NULL, found.rendered
    FROM ROWS FROM (
        unnest(%(ms)s::numeric[]), unnest(%(seq)s::numeric[])
    ) WITH ORDINALITY AS wanted (ms, seq, index)
    LEFT JOIN LATERAL (
        SELECT consumer_id, delivered_at, delivery_count
        FROM pending_entry
        WHERE plate_id = %(plate)s
          AND group_id = %(group)s
          AND ms = wanted.ms
          AND seq = wanted.seq
        LIMIT 1
    ) AS pending_entry ON true
    LEFT JOIN LATERAL (
        SELECT {RENDERED} AS rendered
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = %(stream)s
          AND entry.ms = wanted.ms
          AND entry.seq = wanted.seq
        LIMIT 1
    ) AS found ON true
    ORDER BY wanted.index
"""

# Gives a page of the group's pending entries list from an ID on: for each pending entry whether the
# entry exists, and the entry, which is null if it is gone or not idle long enough. Locks nothing:
# the caller holds the lock of the group.
SCAN_FOR_CLAIM = f"""
    SELECT pending_entry.ms::text, pending_entry.seq::text,
           pending_entry.consumer_id, pending_entry.delivered_at, pending_entry.delivery_count,
           found.seq IS NOT NULL, found.rendered
    FROM (
        SELECT ms, seq, consumer_id, delivered_at, delivery_count
        FROM pending_entry
        WHERE plate_id = %(plate)s
          AND group_id = %(group)s
          AND (ms, seq) >= (%(ms)s::numeric, %(seq)s::numeric)
        ORDER BY ms, seq
        LIMIT %(count)s
    ) AS pending_entry
    LEFT JOIN LATERAL (
        SELECT entry.seq,
               CASE
                   WHEN pending_entry.delivered_at <= %(idle_since)s THEN {RENDERED}
               END AS rendered
        FROM entry
        WHERE entry.plate_id = %(plate)s
          AND entry.stream_id = %(stream)s
          AND entry.ms = pending_entry.ms
          AND entry.seq = pending_entry.seq
        LIMIT 1
    ) AS found ON true
    ORDER BY pending_entry.ms, pending_entry.seq
"""


async def find(group: ConsumerGroup, ids: Sequence[EntryId]) -> list[Candidate]:
    """For each ID, in order: its pending entry and its entry."""
    rows = await session.fetch_all(FIND_FOR_CLAIM, {**_of(group), **literals.entry_ids(ids)})
    return [_candidate(row) for row in rows]


async def scan(
    group: ConsumerGroup, start: EntryId, idle_since: int, count: int
) -> list[Candidate]:
    """Up to `count` pending entries from `start` on, with the entries that may be claimed.

    Those are the entries that were last delivered at `idle_since` (Unix ms) or before.
    """
    rows = await session.fetch_all(
        SCAN_FOR_CLAIM,
        {
            **_of(group),
            "ms": str(start.ms),
            "seq": str(start.seq),
            "idle_since": idle_since,
            "count": count,
        },
    )
    return [_candidate(row) for row in rows]


def _candidate(row: session.Row) -> Candidate:
    ms, seq, consumer_id, delivered_at, delivery_count, exists, rendered = row
    pending = (
        None if consumer_id is None else PendingEntry(consumer_id, delivered_at, delivery_count)
    )
    entry = None if rendered is None else Rendered(rendered)
    return Candidate(EntryId(int(ms), int(seq)), pending, exists, entry)


def _of(group: ConsumerGroup) -> dict[str, Any]:
    return {"plate": group.plate, "group": group.id, "stream": group.stream_id}
