"""API keys, as authentication looks them up."""

from datetime import datetime
from typing import NamedTuple

from streams.domain.api_keys import KeyState, key_state
from streams.domain.plates import PlateId
from streams.store import session

# The beginning of a statement for the keys of a plate, in whatever state.
_OF_PLATE = """
    SELECT id, plate_id, scope, prefix, revoked_at, expires_at,
           (SELECT is_enabled FROM plate WHERE name = %(plate)s)
    FROM api_key
    WHERE plate_id = (SELECT id FROM plate WHERE name = %(plate)s)
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
    """A key of a plate, and what it permits while it is active."""

    id: int
    plate: PlateId
    plate_name: str
    # read, write or manage.
    scope: str
    # Its first characters, by which people recognise it.
    prefix: str
    # None: it is not.
    revoked_at: datetime | None
    # None: never.
    expires_at: datetime | None
    plate_is_enabled: bool

    def is_active(self, at: datetime) -> bool:
        """Whether requests may use the key at that instant."""
        state = key_state(
            at,
            revoked_at=self.revoked_at,
            expires_at=self.expires_at,
            plate_is_enabled=self.plate_is_enabled,
        )
        return state is KeyState.ACTIVE


async def find(plate_name: str, sought: bytes | int) -> KnownKey | None:
    """The plate's key with that SHA-256 digest (bytes) or id (int), which may not be active.

    None if the plate has no such key, or is unknown.
    """
    statement = FIND_KEY_BY_DIGEST if isinstance(sought, bytes) else FIND_KEY_BY_ID
    row = await session.fetch_one(statement, {"plate": plate_name, "sought": sought})
    if row is None:
        return None
    key_id, plate, *others = row
    return KnownKey(key_id, plate, plate_name, *others)
