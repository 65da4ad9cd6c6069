"""Plates and their API keys: what operators may do with them."""

import hashlib
import logging
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asgiref.sync import async_to_sync
from django.db.models import QuerySet
from django.db.models.functions import Now

from streams.domain.api_keys import KeyState, key_state
from streams.domain.errors import Unavailable
from streams.domain.scopes import Scope
from streams.models import ApiKey, Plate
from streams.wakeups import announcing

PLATE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

RESERVED_NAMES = frozenset(
    ("admin", "docs", "healthz", "metrics", "openapi", "readyz", "schema", "static")
)
"""The fixed first segments of paths. `openapi.json` needs no entry: a name has no dot."""

KEY_PREFIX = "plt_"
"""Every API key begins with this, so that people and secret scanners recognise it."""

KEY_BYTES = 32
KEPT_CHARACTERS = 16
"""How much of a key is stored readably, to tell keys apart: 72 of its 256 random bits."""

MAX_KEY_NAME_CHARACTERS = 100

log = logging.getLogger(__name__)


class PlatesError(Exception):
    """An operator's request is refused; the text says why."""


class InvalidName(PlatesError):
    """A plate or key may not have this name."""


class PlateExists(PlatesError):
    """A plate of this name exists already."""


class UnknownPlate(PlatesError):
    """There is no plate of this name."""


class InvalidExpiry(PlatesError):
    """A key cannot have this lifetime."""


class UnknownKey(PlatesError):
    """The operator's words match no key, or more than one."""


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key. Its text is not stored anywhere, so it cannot be shown again."""

    row: ApiKey
    text: str


def state_of(key: ApiKey) -> KeyState:
    """The state of a key now."""
    return key_state(
        datetime.now(UTC),
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        plate_is_enabled=key.plate.is_enabled,
    )


def create_plate(name: str) -> Plate:
    """Create a plate, without keys. Raises InvalidName, PlateExists."""
    if not PLATE_NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot name a plate: 1 to 64 letters, digits, hyphens and underscores can"
        )
    if name in RESERVED_NAMES:
        raise InvalidName(f"{name!r} is a reserved name: the service itself answers at /{name}")
    plate, is_new = Plate.objects.get_or_create(name=name)
    if not is_new:
        raise PlateExists(f"plate {name!r} exists already")
    return plate


def find_plate(name: str) -> Plate:
    """The plate of that name. Raises UnknownPlate."""
    try:
        return Plate.objects.get(name=name)
    except Plate.DoesNotExist:
        raise UnknownPlate(f"there is no plate {name!r}") from None


def mint_key(
    plate: Plate, scope: Scope, name: str = "", lifetime: timedelta | None = None
) -> MintedKey:
    """Create a key for a plate; without a lifetime it never expires.

    Raises InvalidName, InvalidExpiry.
    """
    if len(name) > MAX_KEY_NAME_CHARACTERS:
        raise InvalidName(f"an API key's name has at most {MAX_KEY_NAME_CHARACTERS} characters")
    text = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKey.objects.create(
        plate=plate,
        name=name,
        scope=scope,
        prefix=text[:KEPT_CHARACTERS],
        digest=_digest(text),
        expires_at=_expiry(lifetime),
    )
    return MintedKey(row, text)


def list_keys(plate: Plate | None) -> QuerySet[ApiKey]:
    """The keys of a plate, or of all plates, with their plates, oldest first."""
    keys = ApiKey.objects.select_related("plate").order_by("plate__name", "id")
    return keys.filter(plate=plate) if plate else keys


def revoke_key(meant: str) -> ApiKey:
    """Revoke the key with this id, or with this beginning, or the key with exactly this text.

    A key that is already revoked keeps its time of revocation. Raises UnknownKey unless exactly one
    key matches.
    """
    key = _the_one(_keys_meant_by(meant), meant)
    list_keys(None).filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())
    _announce_api_keys_changed()
    key.refresh_from_db()
    return key


def set_enabled(plate: Plate, is_enabled: bool) -> None:
    """Disable a plate, so that requests cannot use any of its keys, or enable it again."""
    plate.is_enabled = is_enabled
    plate.save(update_fields=["is_enabled"])
    _announce_api_keys_changed()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _expiry(lifetime: timedelta | None) -> datetime | None:
    if lifetime is None:
        return None
    if lifetime <= timedelta():
        raise InvalidExpiry("an API key must live for some time")
    try:
        return datetime.now(UTC) + lifetime
    except OverflowError:
        raise InvalidExpiry("an API key cannot live that long") from None


def _keys_meant_by(meant: str) -> QuerySet[ApiKey]:
    keys = list_keys(None)
    if meant.isascii() and meant.isdigit():
        return keys.filter(pk=int(meant))
    if len(meant) > KEPT_CHARACTERS:
        return keys.filter(digest=_digest(meant))
    return keys.filter(prefix__startswith=meant)


def _the_one(keys: QuerySet[ApiKey], meant: str) -> ApiKey:
    found = list(keys[:2]) if meant else []
    # The error must not show a whole key, which is a secret.
    shown = meant if len(meant) <= KEPT_CHARACTERS else f"{meant[:KEPT_CHARACTERS]}…"
    if not found:
        raise UnknownKey(f"there is no API key {shown!r}")
    if len(found) > 1:
        raise UnknownKey(f"more than one API key begins with {shown!r}: give more of it, or its id")
    return found[0]


def _announce_api_keys_changed() -> None:
    """Make every process look up its keys again; a process that misses it does within seconds."""
    try:
        async_to_sync(announcing.announce_api_keys_changed)()
    except Unavailable:
        log.warning("could not announce the change: it takes effect when caches of API keys expire")
