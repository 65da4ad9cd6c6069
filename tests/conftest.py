"""The database that tests use, their plates, and the servers that some of them run."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import dj_database_url
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from plates_project.embedded import membership_of
from streams import wakeups
from streams.domain.scopes import Scope
from streams.models import ApiKey, Plate
from streams.store import pool
from streams.wakeups import hub
from tests import tables
from tests.api import Api
from tests.loop import run
from tests.polling import eventually
from tests.servers import LivePlate, RunServer, Server, new_database, shut_out_everybody
from tests.waiting_line import listeners_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what speaks to a real server, and what brings a PostgreSQL of its own."""
    for item in items:
        if isinstance(item, pytest.Function):
            if {"run_server", "embedded"} & set(item.fixturenames):
                item.add_marker(pytest.mark.slow)
            if "data_directory" in item.fixturenames:
                item.add_marker(pytest.mark.embedded)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A PostgreSQL to make databases in: DATABASE_URL's, or an embedded one for this run."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    # Not among pytest's own directories, of which later runs keep but a few.
    with TemporaryDirectory(prefix="plates-tests-", ignore_cleanup_errors=True) as directory:
        # The server is another user where this one is root.
        Path(directory).chmod(0o755)
        with membership_of(Path(directory)) as membership:
            yield membership.url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, database_url: str
) -> None:
    """Point Django to it. Tests that need no database start none."""
    place = dj_database_url.parse(database_url)
    for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT"):
        connection.settings_dict[name] = place[name]
    # What these tests commit need not survive a crash; real servers show that theirs does.
    connection.settings_dict["OPTIONS"]["options"] = "-c synchronous_commit=off"


@pytest.fixture(scope="session", autouse=True)
def undisturbed_by_the_listener() -> Iterator[None]:
    """The listener of this process does not look for lost hints, which none of its tests need.

    It would do so in the loop, in between tests too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "CHECK_SECONDS", 24 * 3600.0)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, database_url: str
) -> Iterator[None]:
    """As usual; and the listener, which lives as long as the process, is shut out at the end."""
    yield
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.close()
    run(_shut_down())
    shut_out_everybody(database_url, name)


async def _shut_down() -> None:
    wakeups.shut_down()
    await pool.close()


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What a test of the database leaves is removed after it.

    This takes the place of pytest-django's own fixture, which rolls one transaction back: the API
    has connections of its own, and sees only what is committed.
    """
    with django_db_blocker.unblock():
        yield
        tables.empty()


@pytest.fixture
def api(db: None) -> Api:
    """A fresh plate with a key for everything."""
    return _api_of_new_plate("plate")


@pytest.fixture
def other_api(db: None) -> Api:
    """Another plate, which exists to see nothing."""
    return _api_of_new_plate("other-plate")


def _api_of_new_plate(name: str) -> Api:
    key = secrets.token_urlsafe(32)
    plate = Plate.objects.create(name=name)
    digest = hashlib.sha256(key.encode()).digest()
    ApiKey.objects.create(plate=plate, scope=Scope.MANAGE, prefix=key[:8], digest=digest)
    return Api(name, key)


@pytest.fixture(scope="session")
def run_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> RunServer:
    """Runs a real server, with a directory and a database that nobody has used.

    A fixture of any scope, or a test, says what is special about its own server:
    `with run_server(WEB_CONCURRENCY="1") as server`.
    """

    @contextmanager
    def run(**environment: str) -> Iterator[Server]:
        directory = tmp_path_factory.mktemp("server")
        with (
            new_database(database_url) as url,
            Server(directory, DATABASE_URL=url, **environment) as running,
        ):
            yield running

    return run


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, run_server: RunServer) -> Iterator[Server]:
    """The real server of a module's tests: the shared one, or their own if the module asks for it.

    It asks with a mark that names the environment of its server:
    `pytestmark = pytest.mark.own_server(WEB_CONCURRENCY="1")`.
    """
    own = request.node.get_closest_marker("own_server")
    if own is None:
        yield request.getfixturevalue("shared_server")
        return
    with run_server(**own.kwargs) as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(run_server: RunServer) -> Iterator[Server]:
    """The server of two workers that tests share; those that stop or kill one run their own.

    Its readers keep their order even where this machine holds one of the workers up for a while.
    """
    with run_server(WEB_CONCURRENCY="2", STREAMS_COURTESY_MS="5000") as running:
        eventually(lambda: listeners_of(running) == 2)
        yield running


@pytest.fixture
def live_plate(server: Server) -> Iterator[Callable[[], LivePlate]]:
    """Makes fresh plates of the real server."""
    plates: list[LivePlate] = []

    def make() -> LivePlate:
        plates.append(server.quick_plate())
        return plates[-1]

    yield make
    for plate in plates:
        plate.http.close()


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """A DATA_DIR that nobody has used."""
    return tmp_path / "data"


@pytest.fixture
def embedded(tmp_path: Path, data_directory: Path) -> Iterator[Server]:
    """A running server with a fresh embedded database in that directory."""
    with Server(tmp_path, DATA_DIR=str(data_directory)) as running:
        yield running
