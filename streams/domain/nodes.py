"""Storage nodes: how Redis groups a stream's entries, which decides what `~` trims (TRIM-15).

In Redis a node is a listpack, a byte string whose first ("master") entry holds the field names.
Here no listpack exists; `domain.listpacks` computes the size that it would have. A full node is
sealed: only its last slot and its number of live entries still matter. The newest node, the tail,
takes new entries until its bytes or its slots are used up.

A deleted entry leaves a tombstone in its slot. That changes no byte count: the flags that mark it
and the master entry's two counters, which are at most 100, keep their encoded size.

One rare difference from Redis is accepted. When XDEL removes the last live entry of the tail, Redis
goes on filling the node before it if that still has room; here the next entry opens a new node.
"""

from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import orjson

from streams.domain import listpacks
from streams.domain.entries import size_of
from streams.domain.ids import EntryId

NODE_MAX_ENTRIES = 100
"""How many slots a node has, tombstones included: Redis' stream-node-max-entries."""

NODE_MAX_BYTES = 4096
"""A node that would reach this many bytes takes no entry: Redis' stream-node-max-bytes."""

IMPLICIT_LIMIT = 100 * NODE_MAX_ENTRIES
"""The LIMIT, in entries, of a `~` trim that does not name one (TRIM-18)."""


@dataclass(frozen=True, slots=True)
class SealedNode:
    """A node that takes no more entries."""

    last_slot_id: EntryId
    """The ID of the last slot, even if that is a tombstone."""
    live: int
    """Entries left; 0 only where an exact trim took them one by one."""


class TailNode(NamedTuple):
    """The newest node of a stream, which the next entry may join."""

    master_id: EntryId
    """The ID of the first slot."""
    last_slot_id: EntryId
    """The ID of the last slot, even if that is a tombstone."""
    slots: int
    """Entries ever put into the node, tombstones included."""
    live: int
    """Entries left; 0 only where an exact trim took them one by one."""
    bytes: int
    """The size of the listpack as Redis encodes it."""
    fields_digest: str
    """Digest of the first entry's field names: entries with equal names do not store them."""

    def dump(self) -> str:
        """The node as a JSON list, see `load`."""
        return (
            f"[{self.master_id.ms},{self.master_id.seq},{self.last_slot_id.ms},{self.last_slot_id.seq},"
            f'{self.slots},{self.live},{self.bytes},"{self.fields_digest}"]'
        )

    @classmethod
    def load(cls, text: str | None) -> "TailNode | None":
        """Read what `dump` wrote; None: there is no tail node."""
        if text is None:
            return None
        master_ms, master_seq, last_ms, last_seq, *rest = orjson.loads(text)
        return cls(EntryId(master_ms, master_seq), EntryId(last_ms, last_seq), *rest)


def add_to_tail(
    tail: TailNode | None, added: Iterable[tuple[EntryId, Sequence[str]]]
) -> tuple[TailNode | None, list[SealedNode]]:
    """The tail node after these entries were added, and the nodes that were sealed by it.

    An entry is its ID and the flat list [field1, value1, …].
    """
    sealed: list[SealedNode] = []
    growing = None if tail is None else _GrowingTail(tail)
    for entry_id, fields in added:
        if growing is None or not growing.has_room_for(fields):
            if growing is not None:
                sealed.append(SealedNode(growing.last_slot_id, growing.live))
            growing = _GrowingTail.opened(entry_id, fields)
        else:
            growing.add(entry_id, fields)
    return None if growing is None else growing.node(), sealed


def without(tail: TailNode, removed: int) -> TailNode | None:
    """The tail node after XDEL has removed so many live entries; None if none is left."""
    return trimmed(tail, removed) if removed < tail.live else None


def trimmed(tail: TailNode, removed: int) -> TailNode:
    """The tail node after an exact trim has removed so many live entries but not the last slot.

    Unlike after XDEL, the node stays even without live entries: after MINID it may hold nothing but
    tombstones that are not below the threshold. MAXLEN drops such nodes as a whole.
    """
    assert 0 <= removed <= tail.live
    return tail._replace(live=tail.live - removed)


async def nodes_to_drop(
    nodes: AsyncIterable[SealedNode],
    *,
    length: int,
    max_length: int | None,
    min_id: EntryId | None,
    limit: int,
) -> list[SealedNode]:
    """The nodes that a `~` trim removes from a stream of that length (TRIM-16, TRIM-17).

    `nodes` are all nodes of the stream, oldest first, with the tail node last; this iterates only
    as far as it needs. Either `max_length` or `min_id` is set. `limit` is in entries; 0: no limit.
    """
    dropped: list[SealedNode] = []
    removed = 0
    async for node in nodes:
        if limit and removed + node.live > limit:
            break
        if not _is_beyond(node, length - removed, max_length, min_id):
            break
        dropped.append(node)
        removed += node.live
    return dropped


def _is_beyond(
    node: SealedNode, length: int, max_length: int | None, min_id: EntryId | None
) -> bool:
    """Whether a trim can drop the oldest node as a whole and keep to the threshold (TRIM-16)."""
    if max_length is not None:
        return length > max_length and length - node.live >= max_length
    assert min_id is not None
    return node.last_slot_id < min_id


class _GrowingTail:
    """A tail node while entries are added to it. It is mutable, which is faster per entry."""

    def __init__(self, node: TailNode) -> None:
        self.master_id, self.last_slot_id, self.slots, self.live, self.bytes, self.digest = node
        # The last entry's field names, and the bytes of an entry with them, without ID and values.
        self._names: Sequence[str] = ()
        self._frame_bytes = 0

    @classmethod
    def opened(cls, entry_id: EntryId, fields: Sequence[str]) -> "_GrowingTail":
        names = fields[::2]
        growing = cls(
            TailNode(entry_id, entry_id, 0, 0, listpacks.master_bytes(names), _digest(names))
        )
        growing.add(entry_id, fields)
        return growing

    def node(self) -> TailNode:
        return TailNode(
            self.master_id, self.last_slot_id, self.slots, self.live, self.bytes, self.digest
        )

    def has_room_for(self, fields: Sequence[str]) -> bool:
        return self.slots < NODE_MAX_ENTRIES and self.bytes + size_of(fields) < NODE_MAX_BYTES

    def add(self, entry_id: EntryId, fields: Sequence[str]) -> None:
        names = fields[::2]
        if names != self._names:
            self._names = names
            self._frame_bytes = listpacks.frame_bytes(
                names, are_masters=_digest(names) == self.digest
            )
        self.bytes += (
            self._frame_bytes
            + listpacks.difference_bytes(entry_id.ms - self.master_id.ms)
            + listpacks.difference_bytes(entry_id.seq - self.master_id.seq)
            + sum(map(listpacks.word_bytes, fields[1::2]))
        )
        self.last_slot_id = entry_id
        self.slots += 1
        self.live += 1


def _digest(names: Sequence[str]) -> str:
    return blake2b(orjson.dumps(names), digest_size=8).hexdigest()
