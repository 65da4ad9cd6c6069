"""What the listener for wake-ups does when it loses the database."""

import threading
from typing import NoReturn

import pytest

from streams.domain.errors import Unavailable
from streams.store import notifications
from streams.wakeups.hub import Hub
from streams.wakeups.room import WaitingRoom
from tests.polling import eventually


def no_channel() -> NoReturn:
    raise Unavailable("there is no database")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(notifications, "open_channel", no_channel)
    return Hub(WaitingRoom(), 1, on_api_keys_changed=lambda: None)


def test_it_says_so_and_tries_again(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    hub.ensure_started()
    eventually(lambda: caplog.text.count("lost the database") > 1)
    hub.end()
    eventually(lambda: set(threading.enumerate()) <= before)


def test_told_to_end_it_ends_and_says_nothing(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    hub.end()
    hub.ensure_started()
    eventually(lambda: set(threading.enumerate()) <= before)
    assert not caplog.text
