"""What the listener for wake-ups and the notifier do when the database does not serve them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NoReturn

import pytest

from streams.domain.errors import InvalidRequest, Unavailable
from streams.store import notifications
from streams.store.errors import Conflict
from streams.wakeups import notifier as notifiers
from streams.wakeups.hub import Hub
from streams.wakeups.notifier import Notifier
from streams.wakeups.room import WaitingRoom
from streams.wakeups.topics import Topic
from tests.loop import run
from tests.polling import eventually

REASONS = [Unavailable("away"), InvalidRequest("over a limit"), Conflict("in the way")]
each_reason = pytest.mark.parametrize("reason", REASONS, ids=lambda reason: type(reason).__name__)


@pytest.fixture
def reason() -> Exception:
    """Why there is no channel."""
    return REASONS[0]


@pytest.fixture
def hub(reason: Exception, monkeypatch: pytest.MonkeyPatch) -> Hub:
    def no_channel() -> NoReturn:
        raise reason

    monkeypatch.setattr(notifications, "open_channel", no_channel)
    return Hub(WaitingRoom(), 1, on_api_keys_changed=lambda: None)


@each_reason
def test_it_says_so_and_tries_again(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    task = run(started(hub))
    eventually(lambda: caplog.text.count("lost the database") > 1)
    hub.end()
    eventually(task.done)
    assert task.exception() is None


def test_told_to_end_it_ends_and_says_nothing(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.end()
    task = run(started(hub))
    eventually(task.done)
    assert task.exception() is None
    assert not caplog.text


@each_reason
def test_the_notifier_says_so_and_goes_on(
    reason: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    class Channel:
        """Sends nothing at first."""

        async def send(self, payloads: Iterable[str]) -> None:
            if not caplog.records:
                raise reason
            sent.extend(payloads)

    @asynccontextmanager
    async def open_channel() -> AsyncIterator[Channel]:
        yield Channel()

    monkeypatch.setattr(notifications, "open_channel", open_channel)
    monkeypatch.setattr(notifiers, "RETRY_SECONDS", 0.0)
    notifier = Notifier(1)
    run(told(notifier, "stream:lost"))
    eventually(lambda: caplog.records)
    run(told(notifier, "stream:later"))
    eventually(lambda: sent == ["1 stream:later"])
    assert [vars(record)["reason"] for record in caplog.records] == [str(reason)]


async def started(hub: Hub) -> asyncio.Task[None]:
    """The task that a hub has started."""
    before = asyncio.all_tasks()
    hub.ensure_started()
    (task,) = asyncio.all_tasks() - before
    return task


async def told(notifier: Notifier, topic: str) -> None:
    notifier.tell([Topic(topic)])
