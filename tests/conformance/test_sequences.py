"""Generated sequences give the replies of a real Redis, errors included.

With REDIS_URL a Redis 7.0 is asked, always with the same sequences; SEQUENCES=5000 beside it asks
with so many new ones. A difference is shrunk to the fewest commands that show it. Without
REDIS_URL, its recorded replies to some sequences are compared.
"""

import os
from itertools import count
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from streams.commands import execution, registry
from streams.domain.errors import Refusal
from streams.domain.plates import PlateId
from streams.models import Plate
from tests.conformance.comparison import comparable, in_8
from tests.conformance.real_redis import connected
from tests.conformance.sequences import LOOKS_AT_EVERYTHING, RECORD, SequenceWithLargeEntries
from tests.conformance.words import Words
from tests.loop import run

RECORDED = RECORD.read()

SETTINGS = settings(
    max_examples=int(os.environ.get("SEQUENCES", "80")),
    derandomize="SEQUENCES" not in os.environ,
    stateful_step_count=50,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

plate_numbers = count()


def new_plate() -> PlateId:
    return PlateId(Plate.objects.create(name=f"conformance-{next(plate_numbers)}").id)


def our_reply(plate: PlateId, words: Words) -> Any:
    try:
        reply = run(_reply(plate, words))
    except Refusal as refusal:
        return {"error": refusal.text}
    return comparable(words, orjson.loads(orjson.dumps(reply)))


async def _reply(plate: PlateId, words: Words) -> Any:
    command = registry.parse(words).without_blocking()
    return await (await execution.run(command, plate)).whole()


def empty_all() -> None:
    """Leave no dead rows either: those of many examples slow each other down."""
    models = apps.get_app_config("streams").get_models()
    tables = ", ".join(model._meta.db_table for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")


@pytest.mark.parametrize("number", range(len(RECORDED)))
def test_it_replies_as_redis_did(number: int) -> None:
    plate = new_plate()
    for place, (words, reply) in enumerate(RECORDED[number]):
        assert our_reply(plate, words) == in_8(reply), f"command {place}: {' '.join(words)}"


@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask")
def test_it_replies_as_redis_does() -> None:
    with connected(os.environ["REDIS_URL"]) as real_redis:

        class Comparison(SequenceWithLargeEntries):
            redis = real_redis

            def __init__(self) -> None:
                super().__init__()
                self.plate = new_plate()

            def teardown(self) -> None:
                empty_all()

            def send(self, words: Words) -> Any:
                reply = self.compare(words)
                for look in LOOKS_AT_EVERYTHING:
                    if look[2] in words:
                        self.compare(look)
                return reply

            def compare(self, words: Words) -> Any:
                reply = in_8(self.real.reply_to(words))
                assert our_reply(self.plate, words) == reply
                return reply

        run_state_machine_as_test(Comparison, settings=SETTINGS)
