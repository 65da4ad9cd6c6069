"""API keys, as authentication looks them up."""

from datetime import datetime
from typing import NamedTuple

from streams.domain.plates import PlateId
from streams.store import session

# The beginning of a statement for the keys that are not revoked, of a plate that is enabled.
_OF_PLATE = """
    SELECT id, plate_id, scope, expires_at, prefix
    FROM api_key
    WHERE plate_id = (SELECT id FROM plate WHERE name = %(plate)s AND is_enabled)
      AND revoked_at IS NULL
"""

# Gives one such key, by the SHA-256 digest of its text. Locks nothing.
FIND_KEY_BY_DIGEST = f"""
    {_OF_PLATE}
      AND digest = %(sought)s::bytea
"""

# Gives one such key, by its id. Locks nothing.
FIND_KEY_BY_ID = f"""
    {_OF_PLATE}
      AND id = %(sought)s::bigint
"""


class KnownKey(NamedTuple):
    """A key that is not revoked, of a plate that is enabled, and what it permits."""

    id: int
    plate: PlateId
    plate_name: str
    # read, write or manage.
    scope: str
    # None: never.
    expires_at: datetime | None
    # Its first characters, by which people recognise it.
    prefix: str


def find(plate_name: str, sought: bytes | int) -> KnownKey | None:
    """The plate's key with that SHA-256 digest (bytes) or id (int).

    None if the plate has no such key or has revoked it, or if the plate is unknown or disabled. The
    caller checks whether the key has expired.
    """
    statement = FIND_KEY_BY_DIGEST if isinstance(sought, bytes) else FIND_KEY_BY_ID
    row = session.fetch_one(statement, {"plate": plate_name, "sought": sought})
    if row is None:
        return None
    key_id, plate, *others = row
    return KnownKey(key_id, plate, plate_name, *others)
