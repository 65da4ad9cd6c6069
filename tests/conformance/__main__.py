"""`make record-redis`: renew what was recorded from the Redis at REDIS_URL."""

import os

from tests.conformance import blocking, cases, crowds, redis_py, sequences
from tests.conformance.real_redis import connected
from tests.conformance.redis_py_calls import CONVERSATIONS
from tests.conformance.table import CASES

with connected(os.environ["REDIS_URL"]) as redis:
    cases.RECORD.write(case.comparable(redis.replies_to(case.commands)) for case in CASES)
    sequences.RECORD.write(sequences.recorded(redis))

blocking.RECORD.write(
    blocking.replies_of_redis(os.environ["REDIS_URL"], scenario) for scenario in blocking.SCENARIOS
)
crowds.RECORD.write(crowds.recorded(os.environ["REDIS_URL"]))
redis_py.RECORD.write(redis_py.recorded_replies(os.environ["REDIS_URL"], CONVERSATIONS))
