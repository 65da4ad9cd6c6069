"""Random scenarios of several readers that block on streams of their own and on shared ones.

After each step a scenario says who has been answered by then, so that the order in which readers
are served shows. What Redis 7.0 does otherwise than 8.0 is left out: transactions over several
streams (BLK-7), groups set back (BLK-6), streams and groups that go away (BLK-11, BLK-13).
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from tests.conformance.blocking import Step, reply_to_step
from tests.conformance.real_redis import RealRedis, Record, connected
from tests.conformance.words import Words
from tests.polling import eventually

RECORD = Record("crowds.json")
RECORDED_CROWDS = 25

KEYS = ("k", "l", "m")
MOST_READERS = 6
STEPS = 20

Outcome = list[Any]
"""A step's reply, null if it blocks, and the replies of readers that it leaves answered, by step.

They are pairs of the number of the step in which the reader began, and its reply.
"""


def crowd(seed: int) -> list[Step]:
    """A scenario, always the same for a seed. In the end everybody is served."""
    return [*_beginning(), *_Crowd(random.Random(seed)).steps(), *_end()]


def recorded(url: str) -> Iterator[list[Outcome]]:
    """What happens in the first scenarios on a real Redis."""
    return (outcomes_of_redis(url, crowd(seed)) for seed in range(RECORDED_CROWDS))


def outcomes_of_redis(url: str, steps: list[Step]) -> list[Outcome]:
    """What happens on a real Redis."""
    with ExitStack() as stack:
        control = stack.enter_context(connected(url))
        control.forget_everything()
        readers: dict[int, _Reader] = {}
        outcomes: list[Outcome] = []
        for number, step in enumerate(steps):
            reply = None
            if step.blocks:
                connection = stack.enter_context(connected(url))
                readers[number] = _Reader(control, connection, step.commands[0])
            else:
                reply = reply_to_step(control, step)
            answered = [number for number, reader in readers.items() if not reader.is_blocked()]
            outcomes.append([reply, [[n, readers.pop(n).answer()] for n in answered]])
        return outcomes


class _Reader:
    """A connection that reads; it is blocked once this is made, or answered."""

    def __init__(self, control: RealRedis, connection: RealRedis, words: Words) -> None:
        self._control = control
        self._connection = connection
        self._id = connection.reply_to(["CLIENT", "ID"])
        connection.send(words)
        eventually(lambda: self.is_blocked() or connection.has_reply())

    def is_blocked(self) -> bool:
        told = self._control.reply_to(["CLIENT", "LIST", "ID", str(self._id)])
        return " flags=b" in told

    def answer(self) -> Any:
        return self._connection.receive()


class _Crowd:
    """The steps between the beginning and the end."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._readers = 0
        self._ms = 1

    def steps(self) -> Iterator[Step]:
        for _ in range(STEPS):
            makers = [self._add, self._add, self._change]
            if self._readers < MOST_READERS:
                makers += [self._read_group] * 3 + [self._read]
            yield self._random.choice(makers)()

    def _read_group(self) -> Step:
        """A reader of a group, each with a consumer of its own."""
        self._readers += 1
        group, count = self._random.choice("gggh"), self._random.choice([[], ["COUNT", "1"]])
        return _blocking(
            "XREADGROUP", "GROUP", group, f"c{self._readers}", *count, *self._streams(">")
        )

    def _read(self) -> Step:
        """A reader of what comes after all that is there."""
        self._readers += 1
        return _blocking("XREAD", *self._streams(f"{self._ms}-0"))

    def _streams(self, start: str) -> list[str]:
        keys = self._random.sample(KEYS, self._random.randint(1, len(KEYS)))
        return ["BLOCK", "0", "STREAMS", *keys, *[start] * len(keys)]

    def _add(self) -> Step:
        """One entry or, in a transaction, two of the same stream."""
        key = self._random.choice(KEYS)
        return _at_once(*(self._entry(key) for _ in range(self._random.choice([1, 1, 2]))))

    def _entry(self, key: str) -> Words:
        self._ms += 1
        return ["XADD", key, f"{self._ms}-0", "f", "v"]

    def _change(self) -> Step:
        """What wakes nobody, or in vain."""
        key = self._random.choice(KEYS)
        some_id = f"{self._random.randint(1, self._ms)}-0"
        return self._random.choice(
            [
                _at_once(["XDEL", key, some_id]),
                _at_once(["XTRIM", key, "MAXLEN", "1"]),
                _at_once(["XACK", key, "g", some_id]),
                _at_once(["XGROUP", "DESTROY", key, "none"]),
                _at_once(["XPENDING", key, "g"]),
            ]
        )


def _beginning() -> list[Step]:
    """Every stream has an entry, and two groups that have it behind them."""
    added = [_at_once(["XADD", key, "1-0", "f", "v"]) for key in KEYS]
    return added + [
        _at_once(["XGROUP", "CREATE", key, group, "$"]) for key in KEYS for group in "gh"
    ]


def _end() -> list[Step]:
    """As many entries in every stream as there may be readers."""
    return [
        _at_once(["XADD", key, f"{1000 + n}-0", "f", "v"])
        for n in range(MOST_READERS)
        for key in KEYS
    ]


def _at_once(*commands: Words) -> Step:
    return Step(commands, blocks=False)


def _blocking(*words: str) -> Step:
    return Step((list(words),), blocks=True)
