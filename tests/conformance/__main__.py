"""`make record-redis`: renew the transcript from the Redis at REDIS_URL."""

import os

from tests.conformance.real_redis import record

record(os.environ["REDIS_URL"])
