"""Two plates as their clients see them: the second exists to see nothing."""

import hashlib
import secrets

import pytest

from streams.models import ApiKey, Plate
from tests.api import Api


@pytest.fixture
def api(db: None) -> Api:
    """A fresh plate with a key for everything."""
    return _api_of_new_plate("plate")


@pytest.fixture
def other_api(db: None) -> Api:
    """Another plate."""
    return _api_of_new_plate("other-plate")


def _api_of_new_plate(name: str) -> Api:
    key = secrets.token_urlsafe(32)
    plate = Plate.objects.create(name=name)
    digest = hashlib.sha256(key.encode()).digest()
    ApiKey.objects.create(plate=plate, scope=ApiKey.Scope.MANAGE, prefix=key[:8], digest=digest)
    return Api(name, key)
