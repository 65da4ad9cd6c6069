"""Generated sequences give the replies of a real Redis, errors included.

With REDIS_URL it is asked; without, its recorded replies to the first sequences are compared.
"""

import os
from typing import Any

import orjson
import pytest

from streams.commands import registry
from streams.domain.errors import Refusal
from streams.domain.plates import PlateId
from streams.models import Plate
from tests.conformance.real_redis import connected
from tests.conformance.sequences import (
    RECORD,
    RECORDED_SEEDS,
    comparable,
    comparable_replies,
    sequence,
)
from tests.conformance.words import Words

LIVE_SEEDS = range(40, 100)

CHANGED_IN_7_2 = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"

pytestmark = pytest.mark.django_db


def our_reply(plate: PlateId, words: Words) -> Any:
    try:
        command = registry.parse(words).without_blocking()
        reply = command.reply(command.execute(plate))
    except Refusal as refusal:
        return {"error": refusal.text}
    return comparable(words, orjson.loads(orjson.dumps(reply)))


def check(seed: int, expected: list[Any]) -> None:
    plate = PlateId(Plate.objects.create(name=f"conformance-{seed}").id)
    for number, (words, reply) in enumerate(zip(sequence(seed), expected, strict=True)):
        ours = our_reply(plate, words)
        if ours == {"error": CHANGED_IN_7_2}:
            return  # XSETID-3: from here on the two go different ways.
        assert ours == reply, f"sequence {seed}, command {number}: {' '.join(words)}"


@pytest.mark.parametrize("seed", RECORDED_SEEDS)
def test_it_replies_as_redis_did(seed: int) -> None:
    check(seed, RECORD.read()[seed])


@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask")
def test_it_replies_as_redis_does() -> None:
    with connected(os.environ["REDIS_URL"]) as real:
        for seed in LIVE_SEEDS:
            check(seed, comparable_replies(real, seed))
