"""redis-py makes the same of the service's replies as of those of a real Redis.

Its recorded replies are compared; with REDIS_URL it is asked whether it still gives them.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.api import Api
from tests.conformance.redis_py import DIALECTS, RECORD, client_of, client_of_redis
from tests.conformance.redis_py_calls import CONVERSATIONS
from tests.conformance.words import Words

in_each_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))


def the_service(api: Api) -> Callable[[Words], Any]:
    """The service in the place of Redis."""

    def reply_to(words: Words) -> Any:
        answer = api.send(*words)
        return answer.result if answer.status == 200 else {"error": answer.message}

    return reply_to


def a_record(replies: list[Any]) -> Callable[[Words], Any]:
    """Recorded replies in the place of Redis."""
    remaining = iter(replies)
    return lambda _words: next(remaining)


@in_each_dialect
@pytest.mark.parametrize(
    "number", range(len(CONVERSATIONS)), ids=[talk.about for talk in CONVERSATIONS]
)
def test_it_reads_the_service_as_redis(number: int, dialect: Mapping[str, Any], api: Api) -> None:
    talk = CONVERSATIONS[number]
    ours = talk.outcomes(client_of(the_service(api), dialect))
    theirs = a_record(talk.expected(RECORD.read()[number]))
    assert ours == talk.outcomes(client_of(theirs, dialect))


@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="REDIS_URL names no Redis to ask")
@in_each_dialect
def test_it_reads_redis_as_recorded(dialect: Mapping[str, Any]) -> None:
    with client_of_redis(os.environ["REDIS_URL"], **dialect) as client:
        for talk, replies in zip(CONVERSATIONS, RECORD.read(), strict=True):
            client.flushdb()
            assert talk.outcomes(client) == talk.outcomes(client_of(a_record(replies), dialect))
