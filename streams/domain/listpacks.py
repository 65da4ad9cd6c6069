"""Listpacks: how many bytes Redis needs for the entries of a storage node.

A listpack is a list of integers and strings. A node consists of these:

    master entry: live, deleted, number of fields, each field name, 0
    each entry:   flags, ms and seq, each minus that of the master entry,
                  [number of fields and each field name unless they are the master's],
                  each value, count of the entry's elements
"""

import re
from collections.abc import Sequence

from streams.domain.arguments import MAX_INTEGER, MIN_INTEGER
from streams.domain.counters import wrapped

_LISTPACK_FRAME = 6 + 1  # The header and the end mark.
_SMALL_INTEGER = 1 + 1  # 0 to 127 and its length: most of the counters.
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")
_LONGEST_INTEGER = 20
_INTEGER_ENDS = frozenset("0123456789")


def master_bytes(names: Sequence[str]) -> int:
    """The bytes of a new node with its master entry, which holds these field names."""
    counts = 3 * _SMALL_INTEGER + _integer_bytes(len(names))
    return _LISTPACK_FRAME + counts + sum(map(word_bytes, names))


def frame_bytes(names: Sequence[str], *, are_masters: bool) -> int:
    """The bytes of an entry without ID and values: flags, count, and field names of its own."""
    count = len(names)
    if are_masters:
        return _SMALL_INTEGER + _integer_bytes(3 + count)
    own_names = _integer_bytes(count) + sum(map(word_bytes, names))
    return _SMALL_INTEGER + own_names + _integer_bytes(4 + 2 * count)


def difference_bytes(difference: int) -> int:
    """The bytes of one half of an ID, given its difference from that half of the master's ID."""
    return _SMALL_INTEGER if 0 <= difference <= 127 else _integer_bytes(wrapped(difference))


def word_bytes(word: str) -> int:
    """The bytes of a field or value, which is stored as an integer if it spells a 64-bit one."""
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
    """The bytes of an element's length, which is stored at its end."""
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
    # One byte that says which, then 16, 24, 32 or 64 bits.
    bits = (value if value >= 0 else ~value).bit_length() + 1
    return 2 + (2 if bits <= 16 else 3 if bits <= 24 else 4 if bits <= 32 else 8)
