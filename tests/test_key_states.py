"""One rule says which API keys are active: requests, the console and the command line obey it."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.commands.plates import state_of
from streams.domain.api_keys import KeyState, key_state
from streams.models import ApiKey, Plate
from tests.api import Api

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("expires_at", "state"),
    [
        (None, KeyState.ACTIVE),
        (NOW + A_MOMENT, KeyState.ACTIVE),
        (NOW, KeyState.EXPIRED),
        (NOW - A_MOMENT, KeyState.EXPIRED),
    ],
)
def test_a_key_is_active_until_it_expires(expires_at: datetime | None, state: KeyState) -> None:
    assert key_state(NOW, revoked_at=None, expires_at=expires_at, plate_is_enabled=True) is state


def test_of_several_reasons_the_first_is_told() -> None:
    assert key_state(NOW, revoked_at=NOW, expires_at=NOW, plate_is_enabled=False) == "revoked"
    assert key_state(NOW, revoked_at=None, expires_at=NOW, plate_is_enabled=False) == "expired"
    disabled = key_state(NOW, revoked_at=None, expires_at=None, plate_is_enabled=False)
    assert disabled == "plate disabled"


@pytest.mark.django_db
@pytest.mark.parametrize("revoked", [None, "past"])
@pytest.mark.parametrize("expires", [None, "past", "future"])
@pytest.mark.parametrize("enabled", [True, False])
def test_requests_may_use_the_keys_that_are_shown_as_active(
    api: Api, revoked: str | None, expires: str | None, *, enabled: bool
) -> None:
    now = datetime.now(UTC)
    instants = {None: None, "past": now - A_MOMENT, "future": now + timedelta(days=1)}
    Plate.objects.filter(name=api.plate).update(is_enabled=enabled)
    ApiKey.objects.filter(plate__name=api.plate).update(
        revoked_at=instants[revoked], expires_at=instants[expires]
    )
    state = state_of(ApiKey.objects.get(plate__name=api.plate))
    is_active = enabled and revoked is None and expires != "past"
    assert (state is KeyState.ACTIVE) == is_active
    assert api.get("/streams/length/none").status == (200 if is_active else 401)
