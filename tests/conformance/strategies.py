"""Commands to generate, a strategy for each family of them.

There are few keys, groups, consumers and IDs, so that they meet. Nothing blocks, no ID is
generated from the clock, and what Redis 7.0 does not know yet (`+` as an ID to read from) is left
out. Idle times are multiples of what `comparison` tells apart.
"""

from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import Bundle
from hypothesis.strategies import SearchStrategy

from tests.conformance.words import Words

Part: TypeAlias = str | SearchStrategy[str] | SearchStrategy[Words]

_MAX = "18446744073709551615"


def _words(*parts: Part) -> SearchStrategy[Words]:
    """The parts one after the other."""
    strategies = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(*strategies).map(_flat)


def _some(*options: Part, at_most: int = 2) -> SearchStrategy[Words]:
    """Some of the options in any order, perhaps one repeatedly, often none."""
    option = st.one_of([_words(option) for option in options])
    return st.lists(option, max_size=at_most).map(_flat)


def _flat(parts: tuple[str | Words, ...] | list[Words]) -> Words:
    return [word for part in parts for word in ([part] if isinstance(part, str) else part)]


def _of(*words: str) -> SearchStrategy[str]:
    return st.sampled_from(words)


_key = _of("k", "k", "k", "l")
_group = _of("g", "g", "g", "h")
_consumer = _of("a", "b", "")

_good_numbers = "2", "1", "3", "5", "8"
_good_number = _of(*_good_numbers)
_number = _of(*_good_numbers, *_good_numbers, "0", "-1", "x", "01")
_count = _words("COUNT", _number)

added: Bundle[str] = Bundle("added")
"""The IDs that XADD replied, of all keys. It must not be empty when a command is drawn."""

_next_id = _of("4-*", "4-*", "4-*", "4-*", "3-*")
_odd_id = _of(
    "3-0", "2-0", "4", "0", "0-0", "4-30", "5-0", f"3-{_MAX}", f"4-{_MAX}", f"{_MAX}-{_MAX}", "x"
)
_id = st.one_of(added, added, added, _odd_id)
_ids = st.lists(_id, min_size=1, max_size=5)
_bound = st.one_of(_of("-", "+"), _id, _id.map(lambda text: f"({text}"))

_idle = _of("0", "200000", "0", "200000", "-1", "x")
_min_idle = _of("0", "0", "0", "0", "100000", "100000", "-1", "x")

_limit = _words("LIMIT", _number)
_good_trim = st.one_of(
    _words("MAXLEN", _some("=", at_most=1), _good_number),
    _words("MAXLEN", "~", _good_number, _some(_limit, at_most=1)),
    _words("MINID", _some("=", at_most=1), _id),
    _words("MINID", "~", _id, _some(_limit, at_most=1)),
)
_odd_trim = _words(
    _of("MAXLEN", "MINID"), _some("=", "~", _limit), _number, _some(_limit, "NOMKSTREAM", at_most=1)
)
_trim = st.one_of(_good_trim, _good_trim, _odd_trim)

_BEGINNING = [
    "XADD k 2-* f v",
    "XADD k 4-* f v",
    "XADD k 4-* f w",
    "XADD k 4-* f v",
    "XADD k 4-* f w",
    "XGROUP CREATE k g 0 MKSTREAM",
    "XADD l 4-* f v",
    "XADD l 4-* f w",
    "XGROUP CREATE l g 4-0 MKSTREAM",
    "XGROUP CREATE k h $ MKSTREAM",
    "XGROUP CREATE l h 0 MKSTREAM",
    "XREADGROUP GROUP g a COUNT 3 STREAMS k >",
    "XREADGROUP GROUP g b STREAMS k l > >",
]
beginning = st.tuples(*(_of("", line, line, line, line) for line in _BEGINNING)).map(
    lambda lines: [line.split(" ") for line in lines if line]
)
"""Commands that give the others something to meet, some of them left out."""

xadd = _words("XADD", _key, _next_id, "f", _of("v", "w"))

xadd_with_options = _words(
    "XADD",
    _key,
    _some("NOMKSTREAM", _good_trim, _trim, _limit),
    st.one_of(_next_id, _next_id, _id),
    st.sampled_from([["f", "v"], ["f", "v"], ["f", "v", "f", ""], ["f"]]),
)

xadd_large = _words("XADD", _key, _next_id, _of("f", "f", "g"), _of("v" * 900, "v" * 1500))
"""Entries of which few fill a storage node, so that `~` trims have something to do."""

xdel = _words("XDEL", _key, _ids)

xtrim = _words("XTRIM", _key, _trim)

xsetid = _words(
    "XSETID",
    _key,
    st.one_of(_id, _of("4-30")),
    _some(_words("ENTRIESADDED", _number), _words("MAXDELETEDID", _id)),
)

look = st.one_of(
    _words("XLEN", _key),
    _words("XRANGE", _key, _bound, _bound, _some(_count)),
    _words("XREVRANGE", _key, _bound, _bound, _some(_count)),
    _words("XREAD", _some(_count), "STREAMS", _key, st.one_of(_id, _of("$", ">"))),
    _words("XREAD", _some(_count), "STREAMS", "k", "l", _id, st.one_of(_id, _of("$"))),
)

_entries_read = _words("ENTRIESREAD", _of("0", "1", "3", "5", "-1", "2", "-2", "x"))
_place = st.one_of(_of("$", "0", "-"), _id)

xgroup_create = _words(
    "XGROUP", "CREATE", _key, _group, _place, _some("MKSTREAM", "MKSTREAM", _entries_read)
)

xgroup = st.one_of(
    _words(
        "XGROUP", "SETID", _key, _group, _place, _some(_entries_read, _entries_read, "MKSTREAM")
    ),
    _words("XGROUP", "CREATECONSUMER", _key, _group, _consumer),
    _words("XGROUP", "DELCONSUMER", _key, _group, _consumer),
    _words("XGROUP", "DESTROY", _key, _of("h", "h", "h", "g")),
)

_reader = _words("XREADGROUP", "GROUP", _group, _consumer)

xreadgroup = st.one_of(
    _words(_reader, _some(_count), "STREAMS", _key, ">"),
    _words(_reader, _some(_count, "NOACK"), "STREAMS", _key, st.one_of(_of(">", "0", "$"), _id)),
    _words(_reader, _some(_count, "NOACK"), "STREAMS", "k", "l", _of(">", "0"), _of(">", "1-0")),
)

xack = _words("XACK", _key, _group, _ids)

xpending = st.one_of(
    _words("XPENDING", _key, _group),
    _words("XPENDING", _key, _group, _bound, _bound, _number, _some(_consumer, at_most=1)),
    _words("XPENDING", _key, _group, "IDLE", _min_idle, "-", "+", "9", _some(_consumer)),
)

xclaim = _words(
    "XCLAIM",
    _key,
    _group,
    _consumer,
    _min_idle,
    _ids,
    _some(
        "FORCE",
        "FORCE",
        "JUSTID",
        _words("IDLE", _idle),
        _words("TIME", _of("0", "99999999999999")),
        _words("RETRYCOUNT", _number),
        _words("LASTID", _id),
        at_most=3,
    ),
)

xautoclaim = _words(
    "XAUTOCLAIM", _key, _group, _consumer, _min_idle, _bound, _some(_count, "JUSTID", at_most=3)
)

xinfo = st.one_of(
    _words("XINFO", "STREAM", _key, "FULL"),
    _words("XINFO", "STREAM", _key),
    _words("XINFO", "GROUPS", _key),
    _words("XINFO", "CONSUMERS", _key, _group),
    _words("XINFO", "STREAM", _key, "FULL", "COUNT", _number),
)
