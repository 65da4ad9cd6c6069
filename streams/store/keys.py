"""API keys, as authentication looks them up."""

from datetime import datetime
from typing import NamedTuple

from streams.domain.plates import PlateId
from streams.store import session

# A key that is neither revoked nor of a disabled plate, by the digest of its text or by its id.
FIND_KEY = """
    SELECT api_key.id, plate.id, plate.name, api_key.scope, api_key.expires_at, api_key.prefix
    FROM api_key
    JOIN plate ON plate.id = api_key.plate_id
    WHERE (api_key.digest = %(digest)s::bytea OR api_key.id = %(id)s::bigint)
      AND api_key.revoked_at IS NULL
      AND plate.is_enabled
"""


class KnownKey(NamedTuple):
    """What a good key is good for."""

    id: int
    plate: PlateId
    plate_name: str
    # read, write or manage.
    scope: str
    # None: never.
    expires_at: datetime | None
    # Its first characters, by which people know it.
    prefix: str


def find(sought: bytes | int) -> KnownKey | None:
    """The key with that SHA-256 digest or id; None if unknown, revoked, or its plate disabled."""
    digest, key_id = (sought, None) if isinstance(sought, bytes) else (None, sought)
    row = session.fetch_one(FIND_KEY, {"digest": digest, "id": key_id})
    return KnownKey(*row) if row else None
