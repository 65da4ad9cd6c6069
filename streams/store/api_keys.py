"""API keys, as authentication looks them up."""

from datetime import datetime
from typing import NamedTuple

from streams.domain.plates import PlateId
from streams.store import session

# The keys of a plate that is not disabled, as far as they are not revoked.
_OF_PLATE = """
    SELECT id, plate_id, scope, expires_at, prefix
    FROM api_key
    WHERE plate_id = (SELECT id FROM plate WHERE name = %(plate)s AND is_enabled)
      AND revoked_at IS NULL
"""

# One of them, by the digest of its text. Locks nothing, as the next one.
FIND_KEY_BY_DIGEST = f"""
    {_OF_PLATE}
      AND digest = %(sought)s::bytea
"""

# One of them, by its id.
FIND_KEY_BY_ID = f"""
    {_OF_PLATE}
      AND id = %(sought)s::bigint
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


def find(plate_name: str, sought: bytes | int) -> KnownKey | None:
    """The plate's key with that SHA-256 digest or id.

    None if the plate has none, or it is revoked, or the plate is unknown or disabled.
    """
    statement = FIND_KEY_BY_DIGEST if isinstance(sought, bytes) else FIND_KEY_BY_ID
    row = session.fetch_one(statement, {"plate": plate_name, "sought": sought})
    if row is None:
        return None
    key_id, plate, *others = row
    return KnownKey(key_id, plate, plate_name, *others)
