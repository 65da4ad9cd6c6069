"""Generated sequences of all commands: the state machine that makes them, and those recorded."""

import json
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conformance import strategies
from tests.conformance.comparison import comparable, is_below
from tests.conformance.real_redis import RealRedis, Record
from tests.conformance.words import Words

RECORD = Record("sequences.json")
RECORDED_SEQUENCES = 40

LOOKS_AT_EVERYTHING = [["XINFO", "STREAM", key, "FULL", "COUNT", "0"] for key in ("k", "l")]

_RECORDING = settings(
    max_examples=6,
    stateful_step_count=100,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

_WHO_CREATES_CONSUMERS = ("XREADGROUP", "XCLAIM", "XAUTOCLAIM")


class Redis7:
    """A Redis 7.0 that starts from nothing and is kept from going other ways than 8.0."""

    def __init__(self, redis: RealRedis) -> None:
        redis.forget_everything()
        self._redis = redis

    def reply_to(self, words: Words) -> Any:
        """The reply as it can be compared.

        Consumers are created whenever 8.0 does (ST-10), and read counters are set to what it
        counts (LAG-4).
        """
        places = _consumers_in(words) if words[0] in _WHO_CREATES_CONSUMERS else []
        overtaken = [place for place in places if self._is_overtaken(words, *place[:2])]
        miscounted = [(place, self._group(*place[:2])) for place in overtaken]
        reply = self._redis.reply_to(words)
        if not _is_error(reply):
            for place in places:
                self._redis.reply_to(["XGROUP", "CREATECONSUMER", *place])
            for (key, group, _), before in miscounted:
                self._count_what_was_trimmed(key, group, before)
        return comparable(words, reply)

    def takes_what_8_refuses(self, words: Words) -> bool:
        """Whether an XSETID goes below the greatest ID deleted (XSETID-3)."""
        _, key, entry_id, *_ = words
        stream = self._redis.reply_to(["XINFO", "STREAM", key])
        return not _is_error(stream) and is_below(entry_id, stream["max-deleted-entry-id"])

    def _is_overtaken(self, words: Words, key: str, group: str) -> bool:
        """Whether a group that counts is to read where a trim, and nothing else, took entries."""
        stream, found = self._redis.reply_to(["XINFO", "STREAM", key]), self._group(key, group)
        return (
            words[0] == "XREADGROUP"
            and not _is_error(stream)
            and stream["max-deleted-entry-id"] == "0-0"
            and stream["entries-added"] > 0
            and found.get("entries-read") is not None
            and is_below(found["last-delivered-id"], stream["recorded-first-entry-id"])
        )

    def _count_what_was_trimmed(self, key: str, name: str, before: dict[str, Any]) -> None:
        """Let a group that has read on count from the number of the first entry."""
        group = self._group(key, name)
        if group["last-delivered-id"] != before["last-delivered-id"]:
            stream = self._redis.reply_to(["XINFO", "STREAM", key])
            trimmed = stream["entries-added"] - stream["length"]
            entries_read = trimmed + group["entries-read"] - before["entries-read"]
            place = [key, name, group["last-delivered-id"]]
            self._redis.reply_to(["XGROUP", "SETID", *place, "ENTRIESREAD", str(entries_read)])

    def _group(self, key: str, name: str) -> dict[str, Any]:
        """What is known of a group; empty if there is none."""
        groups = self._redis.reply_to(["XINFO", "GROUPS", key])
        found = [] if _is_error(groups) else [g for g in groups if g["name"] == name]
        return found[0] if found else {}


class Sequence(RuleBasedStateMachine):
    """A sequence of commands. Those who derive from it say what becomes of each."""

    redis: RealRedis

    def __init__(self) -> None:
        super().__init__()
        self.real = Redis7(self.redis)
        self.has_large_entries = False
        self.has_deletions = False

    def send(self, words: Words) -> Any:
        """Take the next command; returns the reply of Redis."""
        raise NotImplementedError

    @initialize(target=strategies.added, commands=strategies.beginning)
    def beginning(self, commands: list[Words]) -> str:
        for words in commands:
            self.send(words)
        return "4-0"

    @rule(target=strategies.added, words=strategies.xadd)
    def xadd(self, words: Words) -> Any:
        return self._add(words)

    @rule(target=strategies.added, words=strategies.xadd_with_options)
    def xadd_with_options(self, words: Words) -> Any:
        return self._add(words)

    # Which storage node takes an entry after XDEL emptied one is a difference on purpose.
    @precondition(lambda self: not self.has_large_entries)
    @rule(words=strategies.xdel)
    def xdel(self, words: Words) -> None:
        self.has_deletions = True
        self.send(words)

    @rule(words=strategies.xtrim)
    def xtrim(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xsetid)
    def xsetid(self, words: Words) -> None:
        if not self.real.takes_what_8_refuses(words):
            self.send(words)

    @rule(words=strategies.look)
    def look(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xgroup_create)
    def xgroup_create(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xgroup)
    def xgroup(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xreadgroup)
    def xreadgroup(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xack)
    def xack(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xpending)
    def xpending(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xclaim)
    def xclaim(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xautoclaim)
    def xautoclaim(self, words: Words) -> None:
        self.send(words)

    @rule(words=strategies.xinfo)
    def xinfo(self, words: Words) -> None:
        self.send(words)

    def _add(self, words: Words) -> Any:
        reply = self.send(words)
        return reply if isinstance(reply, str) else multiple()


class SequenceWithLargeEntries(Sequence):
    """A sequence that may fill storage nodes; too long to be kept in a file."""

    @precondition(lambda self: not self.has_deletions)
    @rule(target=strategies.added, words=strategies.xadd_large)
    def xadd_large(self, words: Words) -> Any:
        self.has_large_entries = True
        return self._add(words)


def recorded(redis: RealRedis) -> list[list[Any]]:
    """Sequences of commands with the replies of a real Redis, always the same commands."""
    return [max(_exchanges(redis, number), key=_variety) for number in range(RECORDED_SEQUENCES)]


def _exchanges(redis_to_ask: RealRedis, number: int) -> list[list[Any]]:
    """Some sequences that resemble each other, as pairs of a command and its reply."""
    sequences: list[list[Any]] = []

    @seed(number)
    class Recording(Sequence):
        redis = redis_to_ask

        def __init__(self) -> None:
            super().__init__()
            self.exchanges: list[Any] = []

        def send(self, words: Words) -> Any:
            reply = self.real.reply_to(words)
            self.exchanges.append([words, reply])
            return reply

        def teardown(self) -> None:
            for words in LOOKS_AT_EVERYTHING:
                self.send(words)
            sequences.append(self.exchanges)

    run_state_machine_as_test(Recording, settings=_RECORDING)
    return sequences


def _variety(exchanges: list[Any]) -> int:
    return len({json.dumps(reply) for _, reply in exchanges})


def _is_error(reply: Any) -> bool:
    return isinstance(reply, dict) and "error" in reply


def _consumers_in(words: Words) -> list[Words]:
    """The key, group and consumer that a command creates, once for each key."""
    if words[0] != "XREADGROUP":
        return [words[1:4]]
    streams = words[words.index("STREAMS") + 1 :]
    return [[key, *words[2:4]] for key in streams[: len(streams) // 2]]
