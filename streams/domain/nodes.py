"""Storage nodes: how a stream's entries are grouped, which `~` trims show to the letter (TRIM-15).

A node is a listpack, a byte string with a first ("master") entry that holds the field names.
A full node is sealed: only its last slot and its live entries still matter. The newest node,
the tail, takes the next entries while their bytes and slots allow; what it would weigh as a
listpack is counted here, the listpack itself exists nowhere.

Deletions leave a tombstone in their slot and change no byte count: the flags that mark it and
the master entry's two counters, at most 100, keep their encoded size.

One rare difference from Redis is accepted: when XDEL takes the last live entry of the tail, Redis
goes on filling the node before it if that still has room. Here the next entry opens a new node.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import orjson

from streams.domain.arguments import MAX_INTEGER, MIN_INTEGER
from streams.domain.counters import wrapped
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

    last_id: EntryId
    """The ID of the last slot, even if that is a tombstone."""
    live: int
    """Entries left; 0 only where an exact trim took them one by one."""


class TailNode(NamedTuple):
    """The newest node of a stream, which the next entry may join."""

    master_id: EntryId
    """The ID of the first slot."""
    last_id: EntryId
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
            f"[{self.master_id.ms},{self.master_id.seq},{self.last_id.ms},{self.last_id.seq},"
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
                sealed.append(SealedNode(growing.last_id, growing.live))
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
    return node.last_id < min_id


class _GrowingTail:
    """A tail node while entries are added to it, which happens too often for new values each."""

    def __init__(self, node: TailNode) -> None:
        self.master_id, self.last_id, self.slots, self.live, self.bytes, self.digest = node
        # Those of the last entry, and what an entry with them weighs without ID and values.
        self._names: Sequence[str] = ()
        self._frame_bytes = 0

    @classmethod
    def opened(cls, entry_id: EntryId, fields: Sequence[str]) -> "_GrowingTail":
        names = fields[::2]
        growing = cls(TailNode(entry_id, entry_id, 0, 0, _master_bytes(names), _digest(names)))
        growing.add(entry_id, fields)
        return growing

    def node(self) -> TailNode:
        return TailNode(
            self.master_id, self.last_id, self.slots, self.live, self.bytes, self.digest
        )

    def has_room_for(self, fields: Sequence[str]) -> bool:
        return self.slots < NODE_MAX_ENTRIES and self.bytes + size_of(fields) < NODE_MAX_BYTES

    def add(self, entry_id: EntryId, fields: Sequence[str]) -> None:
        names = fields[::2]
        if names != self._names:
            self._names = names
            self._frame_bytes = _frame_bytes(names, are_masters=_digest(names) == self.digest)
        self.bytes += (
            self._frame_bytes
            + _difference_bytes(entry_id.ms - self.master_id.ms)
            + _difference_bytes(entry_id.seq - self.master_id.seq)
            + sum(map(_word_bytes, fields[1::2]))
        )
        self.last_id = entry_id
        self.slots += 1
        self.live += 1


def _digest(names: Sequence[str]) -> str:
    return blake2b(orjson.dumps(names), digest_size=8).hexdigest()


# The size of a listpack. Its elements are integers and strings; those that make up a node:
#   master entry: live, deleted, number of fields, each field name, 0
#   each entry:   flags, ms and seq less the master's,
#                 [number of fields and each field name unless they are the master's],
#                 each value, count of the entry's elements

_LISTPACK_FRAME = 6 + 1  # The header and the end mark.
_SMALL_INTEGER = 1 + 1  # 0 to 127 and its length: most of the counters.
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")
_LONGEST_INTEGER = 20
_INTEGER_ENDS = frozenset("0123456789")


def _master_bytes(names: Sequence[str]) -> int:
    counts = 3 * _SMALL_INTEGER + _integer_bytes(len(names))
    return _LISTPACK_FRAME + counts + sum(map(_word_bytes, names))


def _frame_bytes(names: Sequence[str], *, are_masters: bool) -> int:
    """What an entry weighs besides its ID and its values: flags, count, field names of its own."""
    count = len(names)
    if are_masters:
        return _SMALL_INTEGER + _integer_bytes(3 + count)
    own_names = _integer_bytes(count) + sum(map(_word_bytes, names))
    return _SMALL_INTEGER + own_names + _integer_bytes(4 + 2 * count)


def _difference_bytes(difference: int) -> int:
    """Half of an ID, less that of the master's."""
    return _SMALL_INTEGER if 0 <= difference <= 127 else _integer_bytes(wrapped(difference))


def _word_bytes(word: str) -> int:
    """The bytes of a field or value: those that spell a 64-bit integer are stored as one."""
    if word[-1:] in _INTEGER_ENDS and len(word) <= _LONGEST_INTEGER and _INTEGER.match(word):
        integer = int(word)
        if MIN_INTEGER <= integer <= MAX_INTEGER:
            return _integer_bytes(integer)
    size = len(word) if word.isascii() else len(word.encode())
    return size + 2 if size < 64 else _long_string_bytes(size)


def _long_string_bytes(size: int) -> int:
    encoded = size + (2 if size < 4096 else 5)
    return encoded + _length_bytes(encoded)


def _length_bytes(encoded: int) -> int:
    """The bytes that an element's own length takes at its end."""
    if encoded <= 127:
        return 1
    if encoded < 16383:
        return 2
    if encoded < 2097151:
        return 3
    return 4 if encoded < 268435455 else 5


def _integer_bytes(value: int) -> int:
    """The bytes of an integer element, the one for its length included."""
    if 0 <= value <= 127:
        return _SMALL_INTEGER
    if -4096 <= value <= 4095:
        return 3
    # 16, 24, 32 and 64 bits behind a byte that tells which.
    bits = (value if value >= 0 else ~value).bit_length() + 1
    return 2 + (2 if bits <= 16 else 3 if bits <= 24 else 4 if bits <= 32 else 8)
