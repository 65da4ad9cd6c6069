"""Generated sequences of commands: all commands, few keys, groups and IDs, so that they meet.

They keep to what Redis 7.0 and 8.0 answer alike: the texts and counters that differ are left out
by `comparable`, and no sequence asks whether a consumer was created by a read that gave nothing.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.conformance.real_redis import RealRedis, Record
from tests.conformance.words import Words

RECORD = Record("sequences.json")
RECORDED_SEEDS = range(40)

COMMANDS_IN_A_SEQUENCE = 120
KEYS, GROUPS, CONSUMERS = "kl", "gh", "abc"

_NOT_COMPARED = frozenset(
    # Inner figures; time; the lag rules of 8.0; consumers that only 8.0 creates.
    ("radix-tree-nodes", "idle", "inactive", "lag", "entries-read", "consumers")
)


def sequence(seed: int) -> Iterator[Words]:
    """The commands of one sequence, always the same for the same seed."""
    random = Random(seed)
    top = [4]
    for _ in range(COMMANDS_IN_A_SEQUENCE):
        make, _ = random.choices(_MAKERS, [weight for _, weight in _MAKERS])[0]
        yield make(random, top)


def comparable_replies(redis: RealRedis, seed: int) -> list[Any]:
    """What a real Redis replies to a sequence, less what two servers may tell differently."""
    commands = list(sequence(seed))
    replies = redis.replies_to(commands)
    return [comparable(words, reply) for words, reply in zip(commands, replies, strict=True)]


def comparable(words: Words, reply: Any) -> Any:
    """The reply less what two servers may tell differently."""
    if words[0] == "XPENDING" and isinstance(reply, list) and reply and isinstance(reply[0], list):
        return [[entry_id, name, count] for entry_id, name, _, count in reply]
    return _without(reply) if words[0] == "XINFO" else reply


def _without(reply: Any) -> Any:
    if isinstance(reply, dict):
        return {name: _without(v) for name, v in reply.items() if name not in _NOT_COMPARED}
    return [_without(value) for value in reply] if isinstance(reply, list) else reply


def _id(random: Random) -> str:
    return f"{random.randint(0, 12)}-{random.randint(0, 3)}"


def _bound(random: Random) -> str:
    return random.choice(
        [_id(random), str(random.randint(0, 12)), "-", "+", f"({_id(random)}", "x"]
    )


def _maybe(random: Random, chance: float, *words: str) -> Words:
    return list(words) if random.random() < chance else []


def _xadd(random: Random, top: list[int]) -> Words:
    top[0] += random.randint(0, 1)
    ms, seq = divmod(top[0], 4)
    trim = random.choice(
        [[], [], [], ["MAXLEN", str(random.randint(0, 6))], ["MAXLEN", "~", "3"], ["MINID", "~"],
         ["MINID", _id(random)], ["MAXLEN", "=", "-1"], ["LIMIT", "3"]]
    )  # fmt: skip
    entry_id = random.choice([f"{ms}-{seq}", f"{ms}-*", f"{ms}-*", _id(random), "0-0", "x"])
    words = ["XADD", random.choice(KEYS), *_maybe(random, 0.2, "NOMKSTREAM"), *trim, entry_id]
    return [*words, "f", str(random.randint(0, 99))]


def _removal(random: Random, _: list[int]) -> Words:
    key = random.choice(KEYS)
    return random.choice(
        [["XDEL", key, _id(random), _id(random)], ["XDEL", key, _id(random), "x"],
         ["XTRIM", key, "MAXLEN", str(random.randint(0, 8))], ["XTRIM", key, "MINID", _id(random)],
         ["XTRIM", key, "MAXLEN", "~", "2", "LIMIT", "0"], ["XTRIM", key, "LIMIT", "1"]]
    )  # fmt: skip


def _look(random: Random, _: list[int]) -> Words:
    key, group = random.choice(KEYS), random.choice(GROUPS)
    count = _maybe(random, 0.5, "COUNT", str(random.randint(-1, 4)))
    return random.choice(
        [["XLEN", key], ["XRANGE", key, _bound(random), _bound(random), *count],
         ["XREVRANGE", key, _bound(random), _bound(random), *count],
         ["XREAD", *count, "STREAMS", *KEYS, random.choice([_id(random), "$"]), _id(random)],
         ["XINFO", "STREAM", key], ["XINFO", "GROUPS", key], ["XPENDING", key, group],
         ["XPENDING", key, group, _bound(random), _bound(random), str(random.randint(0, 9)),
          *_maybe(random, 0.3, random.choice(CONSUMERS))]]
    )  # fmt: skip


def _xgroup(random: Random, _: list[int]) -> Words:
    key, group = random.choice(KEYS), random.choice(GROUPS)
    place = random.choice(["$", "0", "-", _id(random)])
    return random.choice(
        [["XGROUP", "CREATE", key, group, place, *_maybe(random, 0.5, "MKSTREAM")],
         ["XGROUP", "CREATE", key, group, place, "ENTRIESREAD", str(random.randint(-2, 5))],
         ["XGROUP", "SETID", key, group, place],
         ["XGROUP", "DELCONSUMER", key, group, random.choice(CONSUMERS)],
         ["XGROUP", "DESTROY", random.choice("xk"), group], ["XGROUP", "NONE"]]
    )  # fmt: skip


def _xreadgroup(random: Random, _: list[int]) -> Words:
    return [
        "XREADGROUP", "GROUP", random.choice(GROUPS), random.choice(CONSUMERS),
        *_maybe(random, 0.7, "COUNT", str(random.randint(1, 3))), *_maybe(random, 0.1, "NOACK"),
        "STREAMS", random.choice(KEYS), random.choice([">", ">", ">", "0", _id(random), "$", "x"]),
    ]  # fmt: skip


def _xack(random: Random, _: list[int]) -> Words:
    return ["XACK", random.choice(KEYS), random.choice(GROUPS), _id(random), _id(random)]


def _xclaim(random: Random, _: list[int]) -> Words:
    return [
        "XCLAIM", random.choice(KEYS), random.choice(GROUPS), random.choice(CONSUMERS),
        random.choice(["0", "0", "100000", "x"]), _id(random), _id(random),
        *_maybe(random, 0.3, "IDLE", random.choice(["0", "200000"])),
        *_maybe(random, 0.2, "RETRYCOUNT", str(random.randint(0, 5))),
        *_maybe(random, 0.3, "FORCE"), *_maybe(random, 0.3, "JUSTID"),
        *_maybe(random, 0.2, "LASTID", _id(random)),
    ]  # fmt: skip


def _xautoclaim(random: Random, _: list[int]) -> Words:
    return [
        "XAUTOCLAIM", random.choice(KEYS), random.choice(GROUPS), random.choice(CONSUMERS),
        random.choice(["0", "0", "100000"]), _bound(random),
        *_maybe(random, 0.6, "COUNT", str(random.randint(0, 3))), *_maybe(random, 0.3, "JUSTID"),
    ]  # fmt: skip


_MAKERS: list[tuple[Callable[[Random, list[int]], Words], int]] = [
    (_xadd, 6), (_removal, 2), (_look, 7), (_xgroup, 4), (_xreadgroup, 5), (_xack, 2),
    (_xclaim, 2), (_xautoclaim, 2),
]  # fmt: skip
