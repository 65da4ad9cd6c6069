"""Scenarios of several clients, some of which block: "Blocking rules" in docs/semantics.md.

In the end everybody has an answer. Who stayed blocked when something happened shows it by being
answered with what came later. Redis serves who is woken before it answers the command that wakes
them, the service at once after it: where that would show, a step waits for the reader's answer.
"""

import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.conformance.real_redis import RealRedis, Record, connected
from tests.conformance.words import Words
from tests.polling import eventually

RECORD = Record("blocking.json")

NOGROUP = {"error": "NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option"}


@dataclass(frozen=True)
class Step:
    """Commands of one client: several are a transaction. One that blocks is not waited for."""

    commands: tuple[Words, ...]
    blocks: bool
    # Wait for the answer of this step, which blocks, before the commands are sent.
    after: int | None = None


@dataclass(frozen=True)
class Scenario:
    """Steps that show facts. Redis 7.0.15 tells the replies; `in_8` those that 8.0 changed."""

    facts: str
    steps: tuple[Step, ...]
    in_8: Mapping[int, Any]

    def expected(self, replies_of_7: list[Any]) -> list[Any]:
        """What 8.0 replies, step by step."""
        return [self.in_8.get(number, reply) for number, reply in enumerate(replies_of_7, 1)]


def scenario(facts: str, *lines: str, in_8: Mapping[int, Any] | None = None) -> Scenario:
    """A line is a step: its commands, between semicolons. `&` at its end says that it blocks.

    `3: …` waits for the answer of the third step, counted from 1, first.
    """
    return Scenario(facts, tuple(map(_step, lines)), in_8 or {})


def _step(line: str) -> Step:
    number, colon, rest = line.partition(": ")
    texts = (rest if colon else line).removesuffix("&").split(";")
    commands = tuple(shlex.split(text) for text in texts)
    return Step(commands, line.endswith("&"), int(number) - 1 if colon else None)


def replies_of_redis(url: str, wanted: Scenario) -> list[Any]:
    """What a real Redis replies to the steps. Each that blocks has a connection of its own."""
    with ExitStack() as stack:
        control = stack.enter_context(connected(url))
        control.forget_everything()
        replies: list[Any] = []
        waiting: dict[int, RealRedis] = {}
        for place, step in enumerate(wanted.steps):
            if step.blocks:
                waiting[place] = stack.enter_context(connected(url))
                _block(control, waiting[place], step.commands[0])
            replies.append(None if step.blocks else reply_to_step(control, step))
        for place, reader in waiting.items():
            replies[place] = reader.receive()
    return replies


def _block(control: RealRedis, reader: RealRedis, words: Words) -> None:
    number = reader.reply_to(["CLIENT", "ID"])
    reader.send(words)
    eventually(lambda: " flags=b" in control.reply_to(["CLIENT", "LIST", "ID", str(number)]))


def reply_to_step(control: RealRedis, step: Step) -> Any:
    """What a real Redis replies to a step that does not block."""
    if len(step.commands) == 1:
        return control.reply_to(step.commands[0])
    control.reply_to(["MULTI"])
    for words in step.commands:
        control.reply_to(words)
    return control.reply_to(["EXEC"])


GROUP = "XGROUP CREATE k g $ MKSTREAM"
READ = "XREADGROUP GROUP g {} BLOCK 0 STREAMS k > &"
READ_ONE = "XREADGROUP GROUP g {} COUNT 1 BLOCK 0 STREAMS k > &"


def found(**ids: str) -> dict[str, list[Any]]:
    """What a read of entries `f v` replies: by key, the IDs between spaces."""
    return {key: [[entry_id, ["f", "v"]] for entry_id in of.split()] for key, of in ids.items()}


SCENARIOS = [
    scenario(
        "BLK-1",
        GROUP,
        "XREAD BLOCK 20 STREAMS k 0",
        "XREADGROUP GROUP g c BLOCK 20 STREAMS k >",
        "XADD k 1-0 f v",
        "XREAD BLOCK 0 STREAMS k 0",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS k >",
    ),
    scenario(
        "BLK-2",
        GROUP,
        "XREAD BLOCK 0 STREAMS k 0 ; XREADGROUP GROUP g c BLOCK 0 STREAMS k > ; XLEN k",
    ),
    scenario(
        "BLK-3",
        GROUP,
        "XGROUP CREATE l g $ MKSTREAM",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS k 0",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS k l > 5-0",
        "XREADGROUP GROUP g a BLOCK 0 STREAMS k l > > &",
        "XADD l 1-0 f v",
    ),
    scenario(
        "BLK-4: an explicit ID stays",
        "XREAD BLOCK 0 STREAMS k 5-0 &",
        "XADD k 4-0 f v",
        "XADD k 5-0 f v",
        "XADD k 5-1 f v",
    ),
    scenario(
        "BLK-4, BLK-5: what does not wake a reader, and is seen once it wakes",
        "XADD k 1-0 f v",
        "XADD k 2-0 f v",
        GROUP,
        READ.format("a"),
        "XGROUP CREATE k h 0",
        "XGROUP SETID k g 0",
        "XDEL k 1-0",
        "XSETID k 5-0",
        "XTRIM k MAXLEN 9",
        "XACK k g 1-0",
        "XCLAIM k g other 0 2-0",
        "XGROUP DESTROY k none",
        "XADD k 6-0 f v",
    ),
    scenario(
        "BLK-5: a group's destruction wakes those of other groups, who find nothing",
        GROUP,
        "XGROUP CREATE k h $",
        READ.format("a"),
        "XGROUP DESTROY k h",
        "XADD k 1-0 f v",
    ),
    scenario(
        "BLK-7",
        GROUP,
        "XGROUP CREATE l g $ MKSTREAM",
        "XREADGROUP GROUP g a BLOCK 0 STREAMS k l > > &",
        "XREAD BLOCK 0 STREAMS l k 0 0 &",
        "XADD k 1-0 f v ; XADD l 1-0 f v ; XADD k 2-0 f v",
        in_8={3: found(k="1-0 2-0", l="1-0"), 4: found(k="1-0 2-0", l="1-0")},
    ),
    scenario(
        "BLK-8",
        GROUP,
        READ.format("a"),
        "XREAD BLOCK 0 STREAMS k 0 &",
        "XADD k 1-0 f v ; XDEL k 1-0",
        "XADD k MAXLEN 0 2-0 f v",
        "XADD k 3-0 f v",
        in_8={2: found(k="3-0"), 3: found(k="3-0")},
    ),
    scenario(
        "BLK-10",
        "XADD k 5-0 f v",
        "XREAD BLOCK 0 STREAMS k 5-0 &",
        "DEL k",
        "XADD k 4-0 f v",
        "XADD k 6-0 f v",
    ),
    scenario(
        "GEN-12",
        "XADD k 1-0 f v",
        "XGROUP CREATE k g 0",
        "XREADGROUP GROUP g a STREAMS k >",
        "DEL k",
        "XPENDING k g",
        "XADD k 1-0 f v",
        "XACK k g 1-0",
        "XGROUP CREATE k g 0",
        "XPENDING k g",
    ),
    scenario("BLK-11", GROUP, READ.format("a"), "DEL k", in_8={2: NOGROUP}),
    scenario(
        "BLK-11, BLK-13: one of several streams",
        GROUP,
        "XGROUP CREATE l g $ MKSTREAM",
        "XREADGROUP GROUP g a BLOCK 0 STREAMS l k > > &",
        "XREADGROUP GROUP g b BLOCK 0 STREAMS k l > > &",
        "XGROUP DESTROY k g",
        in_8={3: NOGROUP, 4: NOGROUP},
    ),
    scenario("BLK-13", GROUP, READ.format("a"), "XGROUP DESTROY k g", in_8={2: NOGROUP}),
    scenario(
        "BLK-14",
        GROUP,
        READ.format("a"),
        "XGROUP DESTROY k g ; XGROUP CREATE k g $",
        "XADD k 1-0 f v",
    ),
    scenario(
        "BLK-15",
        GROUP,
        READ.format("a"),
        "XGROUP DELCONSUMER k g a",
        "XADD k 1-0 f v",
        "2: XPENDING k g",
    ),
    scenario(
        "BLK-17: in order of arrival",
        GROUP,
        READ_ONE.format("b"),
        READ_ONE.format("a"),
        READ_ONE.format("c"),
        "XADD k 1-0 f v",
        "XADD k 2-0 f v",
        "XADD k 3-0 f v",
    ),
    scenario(
        "BLK-17: of one transaction",
        GROUP,
        READ_ONE.format("c"),
        READ_ONE.format("b"),
        READ_ONE.format("a"),
        "XADD k 1-0 f v ; XADD k 2-0 f v ; XADD k 3-0 f v",
    ),
    scenario(
        "BLK-17: all without a count",
        GROUP,
        READ.format("b"),
        READ.format("a"),
        "XADD k 1-0 f v ; XADD k 2-0 f v",
        "2: XADD k 3-0 f v",
    ),
    scenario(
        "BLK-18",
        GROUP,
        "XGROUP CREATE k h $",
        READ.format("a"),
        "XREADGROUP GROUP h a BLOCK 0 STREAMS k > &",
        "XREAD BLOCK 0 STREAMS k 0 &",
        "XREAD BLOCK 0 STREAMS k 0 &",
        "XADD k 1-0 f v",
    ),
]
