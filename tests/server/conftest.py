"""Servers of the application of these tests."""

from collections.abc import Iterator

import pytest

from tests.server.running import AppServer


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server with the bounds of the service, for tests that neither wait for one nor stop it."""
    with AppServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="package")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server whose bounds on time are a second."""
    bounds = {"STREAMS_TAIL_SEND_TIMEOUT_MS": "1000", "STREAMS_BODY_TIMEOUT_MS": "1000"}
    directory = tmp_path_factory.mktemp("impatient")
    with AppServer(directory, "--keep-alive", "1", **bounds) as running:
        yield running
