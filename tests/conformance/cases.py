"""Hand-picked cases: a few commands that show facts, from nothing to the last reply."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.real_redis import Record
from tests.conformance.words import Words

RECORD = Record("cases.json")


@dataclass(frozen=True)
class Case:
    """Commands that show facts. Redis 7.0.15 tells the replies; `in_8` those that 8.0 changed."""

    facts: str
    commands: tuple[Words, ...]
    in_8: Mapping[int, Any]

    def comparable(self, replies: list[Any]) -> list[Any]:
        """Replies less times, and less what only Redis' own storage has."""
        return [_comparable(words, r) for words, r in zip(self.commands, replies, strict=True)]

    def expected(self, replies_of_7: list[Any]) -> list[Any]:
        """What 8.0 replies; 7.0's replies are comparable ones."""
        return [self.in_8.get(number, reply) for number, reply in enumerate(replies_of_7, 1)]


def case(facts: str, *lines: str, in_8: Mapping[int, Any] | None = None) -> Case:
    """A case of lines whose words stand as in a shell; `in_8` is by number of line, from 1."""
    return Case(facts, tuple(shlex.split(line) for line in lines), in_8 or {})


_NOT_COMPARED = frozenset(("idle", "inactive", "seen-time", "active-time", "radix-tree-nodes"))
_MADE_NOW = re.compile(r"^1\d{12}(?=-)")


def _comparable(words: Words, reply: Any) -> Any:
    if words[0].upper() == "XADD" and isinstance(reply, str):
        return _MADE_NOW.sub("a time", reply)
    if words[0].upper() == "XPENDING" and isinstance(reply, list) and len(words) > 3:
        return [[entry_id, consumer, count] for entry_id, consumer, _, count in reply]
    return _without_times(reply) if words[0].upper() == "XINFO" else reply


def _without_times(reply: Any) -> Any:
    if isinstance(reply, dict):
        return {n: _without_times(value) for n, value in reply.items() if n not in _NOT_COMPARED}
    if isinstance(reply, list):
        return [_without_times(value) for value in reply]
    return "a time" if isinstance(reply, int) and reply > 10**12 else reply
