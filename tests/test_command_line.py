"""What cannot work is refused on one line, which names the variable or the option."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.servers import clean_environment, free_port, manage, new_database

pytestmark = pytest.mark.slow

SECRET = "s3cret"

NO_URLS = [
    "garbage",
    "postgresql",
    "postgresql:/x",
    "host=127.0.0.1 dbname=x",
    f"mysql://u:{SECRET}@127.0.0.1/x",
    f"sqlite:///{SECRET}",
    f"https://u:{SECRET}@127.0.0.1/x",
    f"POSTGRESQL://u:{SECRET}@127.0.0.1/x",
    f"postgresql://u:{SECRET}@127.0.0.1",
    f"postgresql://u:{SECRET}@127.0.0.1/",
    f"postgresql://u:{SECRET}@127.0.0.1:port/x",
    f"postgresql://u:{SECRET}@127.0.0.1:99999/x",
    f"postgresql://u:{SECRET}/with-a-slash@127.0.0.1/x",
    f"postgresql://u:{SECRET}@[::1/x",
    f"postgresql://u:{SECRET}@127.0.0.1/x?no_such_option=1",
]


@pytest.fixture
def run(tmp_path: Path) -> "Run":
    """Runs commands in an environment without a database."""
    return Run(tmp_path)


class Run:
    """A management command with these variables set."""

    def __init__(self, data_directory: Path) -> None:
        self._environment = {**clean_environment(), "DATA_DIR": str(data_directory)}

    def __call__(self, *words: str, **variables: str) -> CompletedProcess[str]:
        return manage(*words, environment={**self._environment, **variables})


def assert_refused(done: CompletedProcess[str], name: str) -> None:
    """It failed with one line that names the variable, and no secret."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert name in line
    assert SECRET not in line


@pytest.mark.parametrize("url", NO_URLS)
def test_a_malformed_url_of_the_database_is_refused(run: Run, url: str) -> None:
    assert_refused(run("serve", DATABASE_URL=url), "DATABASE_URL")


@pytest.mark.parametrize("url", NO_URLS)
def test_a_malformed_url_of_the_listener_is_refused(run: Run, database_url: str, url: str) -> None:
    done = run("serve", DATABASE_URL=database_url, LISTEN_DATABASE_URL=url)
    assert_refused(done, "LISTEN_DATABASE_URL")


@pytest.mark.parametrize(
    "words",
    [
        "serve",
        "migrate",
        "createplate acme",
        "createkey acme",
        "listkeys",
        "revokekey 1",
        "disableplate acme",
    ],
)
def test_an_unreachable_database_is_named_by_every_command(run: Run, words: str) -> None:
    url = f"postgresql://u:{SECRET}@127.0.0.1:{free_port()}/x"
    done = run(*words.split(), DATABASE_URL=url)
    assert_refused(done, "DATABASE_URL")
    assert "refused" in done.stderr


def test_an_unreachable_listener_is_named(run: Run, database_url: str) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/x"
    done = run("serve", DATABASE_URL=database_url, LISTEN_DATABASE_URL=url)
    assert_refused(done, "LISTEN_DATABASE_URL")


def test_an_unknown_database_is_named(run: Run, database_url: str) -> None:
    done = run("serve", DATABASE_URL=f"{database_url.rsplit('/', 1)[0]}/no_such_database")
    assert_refused(done, "DATABASE_URL")
    assert '"no_such_database" does not exist' in done.stderr


def test_an_unknown_user_is_named(run: Run, database_url: str) -> None:
    url = make_conninfo(database_url, user="nobody", password=SECRET)
    done = run(
        "listkeys", DATABASE_URL=f"postgresql:///postgres?{urlencode(conninfo_to_dict(url))}"
    )
    assert_refused(done, "DATABASE_URL")
    assert '"nobody" does not exist' in done.stderr


@pytest.fixture
def read_only_url(database_url: str) -> Iterator[str]:
    """A database that takes no writes."""
    with new_database(database_url) as url:
        name = sql.Identifier(url.rsplit("/", 1)[1])
        with psycopg.connect(database_url, autocommit=True) as connection:
            statement = "ALTER DATABASE {} SET default_transaction_read_only = on"
            connection.execute(sql.SQL(statement).format(name))
        yield url


CREATE_OPERATOR = "createsuperuser --noinput --username admin --email a@plates.example"


@pytest.mark.parametrize("words", ["serve", "createplate acme", CREATE_OPERATOR])
def test_a_read_only_database_is_refused_where_it_must_be_written_to(
    run: Run, read_only_url: str, words: str
) -> None:
    done = run(*words.split(), DATABASE_URL=read_only_url)
    assert done.returncode == 1
    assert done.stderr == "CommandError: DATABASE_URL: the database is read-only\n"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("words", ["serve", "listkeys"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    run: Run, database_url: str, words: str, encoding: str
) -> None:
    with new_database(database_url, encoding) as url:
        assert_refused(run(words, DATABASE_URL=url), f"DATABASE_URL: the database is in {encoding}")


@pytest.fixture
def unprivileged_url(database_url: str) -> Iterator[str]:
    """An empty database in which the user may not create tables."""
    user = f"plates_live_{secrets.token_hex(4)}"
    role = sql.Identifier(user)
    with new_database(database_url) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, SECRET))
        parts = conninfo_to_dict(url) | {"user": user, "password": SECRET}
        try:
            yield f"postgresql:///{parts.pop('dbname')}?{urlencode(parts)}"
        finally:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize("words", ["serve", "listkeys", CREATE_OPERATOR])
def test_a_missing_privilege_is_reported(run: Run, unprivileged_url: str, words: str) -> None:
    done = run(*words.split(), DATABASE_URL=unprivileged_url)
    assert_refused(done, "DATABASE_URL: permission denied for schema public")


def test_shared_connections_need_a_listener_past_the_pooler(run: Run, database_url: str) -> None:
    done = run("serve", DATABASE_URL=database_url, DATABASE_PREPARED_STATEMENTS="false")
    assert_refused(done, "LISTEN_DATABASE_URL")


@pytest.mark.parametrize("text", ["90", "", "1.5d", "soon", "99999999999d", "999999999w"])
def test_a_duration_that_is_none_is_refused_with_the_options_name(
    run: Run, database_url: str, text: str
) -> None:
    done = run("createkey", "acme", f"--expires-in={text}", DATABASE_URL=database_url)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "error: argument --expires-in: " in line
