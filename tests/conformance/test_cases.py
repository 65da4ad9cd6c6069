"""Hand-picked cases give the replies of a real Redis, errors with their first word included.

Its recorded replies are compared; with REDIS_URL it is asked whether it still gives them.
"""

import os
from typing import Any

import pytest

from tests.api import Api
from tests.conformance.cases import RECORD, Case
from tests.conformance.real_redis import connected
from tests.conformance.table import CASES


def our_replies(api: Api, case: Case) -> list[Any]:
    """What the service replies over HTTP."""
    answers = [api.send(*words) for words in case.commands]
    return [
        answer.result if answer.status == 200 else {"error": answer.message} for answer in answers
    ]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.facts for case in CASES])
def test_it_replies_as_redis_does(number: int, api: Api) -> None:
    case = CASES[number]
    assert case.comparable(our_replies(api, case)) == case.expected(RECORD.read()[number])


@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask")
def test_redis_replies_as_recorded() -> None:
    with connected(os.environ["REDIS_URL"]) as redis:
        replies = [case.comparable(redis.replies_to(case.commands)) for case in CASES]
    for case, now, recorded in zip(CASES, replies, RECORD.read(), strict=True):
        # 7.0 is not sure itself of what 8.0 has mended (XADD-9).
        assert case.expected(now) == case.expected(recorded), case.facts
