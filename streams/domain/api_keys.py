"""Whether an API key is good."""

from datetime import datetime
from enum import StrEnum


class KeyState(StrEnum):
    """Whether requests may use a key; if not, the first reason in this order."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    PLATE_DISABLED = "plate disabled"
    ACTIVE = "active"


def key_state(
    at: datetime,
    *,
    revoked_at: datetime | None,
    expires_at: datetime | None,
    plate_is_enabled: bool,
) -> KeyState:
    """The state of a key at an instant; None: it is not revoked, or never expires."""
    if revoked_at:
        return KeyState.REVOKED
    if expires_at and expires_at <= at:
        return KeyState.EXPIRED
    return KeyState.ACTIVE if plate_is_enabled else KeyState.PLATE_DISABLED
