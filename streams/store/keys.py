"""API keys, as authentication looks them up."""

from datetime import datetime
from typing import NamedTuple

from streams.domain.plates import PlateId
from streams.store import session

# A key that is neither revoked nor of a disabled plate, by the digest of its text.
FIND_KEY = """
    SELECT plate.id, plate.name, api_key.scope, api_key.expires_at
    FROM api_key
    JOIN plate ON plate.id = api_key.plate_id
    WHERE api_key.digest = %(digest)s
      AND api_key.revoked_at IS NULL
      AND plate.is_enabled
"""


class KnownKey(NamedTuple):
    """What a good key is good for."""

    plate: PlateId
    plate_name: str
    # read, write or manage.
    scope: str
    # None: never.
    expires_at: datetime | None


def find(digest: bytes) -> KnownKey | None:
    """The key with that SHA-256 digest; None if it is unknown, revoked, or its plate disabled."""
    row = session.fetch_one(FIND_KEY, {"digest": digest})
    return KnownKey(*row) if row else None
