"""Storage nodes: how a stream's entries are grouped, which `~` trims show to the letter (TRIM-15).

A node is a listpack, a byte string with a first ("master") entry that holds the field names.
A full node is sealed: only its last slot and its live entries still matter. The newest node,
the tail, takes the next entries while their bytes and slots allow. `domain.listpacks` tells what
it would weigh; the listpack itself exists nowhere.

Deletions leave a tombstone in their slot and change no byte count: the flags that mark it and
the master entry's two counters, at most 100, keep their encoded size.

One rare difference from Redis is accepted: when XDEL takes the last live entry of the tail, Redis
goes on filling the node before it if that still has room. Here the next entry opens a new node.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import orjson

from streams.domain import listpacks
from streams.domain.entries import size_of
from streams.domain.ids import EntryId

NODE_MAX_ENTRIES = 100
"""Slots of a node, tombstones included: Redis' stream-node-max-entries."""

NODE_MAX_BYTES = 4096
"""A node that would reach this many bytes takes no entry: Redis' stream-node-max-bytes."""

IMPLICIT_LIMIT = 100 * NODE_MAX_ENTRIES
"""LIMIT of a `~` trim that names none, in entries (TRIM-18)."""


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
    """What the listpack weighs, as Redis encodes it."""
    fields_digest: str
    """Digest of the first entry's field names: equal names need not be stored again."""

    def dump(self) -> str:
        """The node as a JSON list, see `load`."""
        return (
            f"[{self.master_id.ms},{self.master_id.seq},{self.last_slot_id.ms},{self.last_slot_id.seq},"
            f'{self.slots},{self.live},{self.bytes},"{self.fields_digest}"]'
        )

    @classmethod
    def load(cls, text: str | None) -> "TailNode | None":
        """Read what `dump` wrote; None, a stream without nodes, stays None."""
        if text is None:
            return None
        master_ms, master_seq, last_ms, last_seq, *rest = orjson.loads(text)
        return cls(EntryId(master_ms, master_seq), EntryId(last_ms, last_seq), *rest)


def add_to_tail(
    tail: TailNode | None, added: Iterable[tuple[EntryId, Sequence[str]]]
) -> tuple[TailNode | None, list[SealedNode]]:
    """The tail node after these entries were added, and the nodes that were sealed meanwhile.

    Each entry has the flat list [field1, value1, …].
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
    """The tail node after XDEL took so many live entries; None if no live one is left."""
    return trimmed(tail, removed) if removed < tail.live else None


def trimmed(tail: TailNode, removed: int) -> TailNode:
    """The tail node after an exact trim took so many live entries but not the last slot.

    Unlike after XDEL the node stays even without live entries: MINID may leave it nothing but
    tombstones that are not below its bound. MAXLEN never does, it drops such nodes whole.
    """
    assert 0 <= removed <= tail.live
    return tail._replace(live=tail.live - removed)


def nodes_to_drop(
    nodes: Iterable[SealedNode],
    *,
    length: int,
    max_length: int | None,
    min_id: EntryId | None,
    limit: int,
) -> list[SealedNode]:
    """The nodes that a `~` trim removes from a stream of that length (TRIM-16, TRIM-17).

    `nodes` are all nodes of the stream, oldest first, the tail node last; no more of them are
    taken than needed. Either `max_length` or `min_id` is set; a `limit` of 0 is none.
    """
    dropped: list[SealedNode] = []
    removed = 0
    for node in nodes:
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
    """Whether the oldest node can go whole without passing the bound (TRIM-16)."""
    if max_length is not None:
        return length > max_length and length - node.live >= max_length
    assert min_id is not None
    return node.last_slot_id < min_id


class _GrowingTail:
    """A tail node while entries are added to it, which happens too often for new values each."""

    def __init__(self, node: TailNode) -> None:
        self.master_id, self.last_slot_id, self.slots, self.live, self.bytes, self.digest = node
        # Those of the last entry, and what an entry with them weighs without ID and values.
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
