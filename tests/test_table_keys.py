"""Every key of a tenant's rows begins with its plate, in the database."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import dj_database_url
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from streams.models import ApiKey, Consumer, ConsumerGroup, Plate, Stream, WaitingReader
from tests.servers import new_database

TABLES = {model._meta.db_table for model in apps.get_app_config("streams").get_models()}
TENANT_TABLES = TABLES - {"plate"}

# The first column of each unique index, primary keys included.
UNIQUE_INDEXES = """
    SELECT indrelid::regclass::text, indexrelid::regclass::text, attname
    FROM pg_index
    JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indisunique AND indrelid::regclass::text = ANY (%s)
"""
# The first column of each foreign key, with the table and the column that it refers to.
FOREIGN_KEYS = """
    SELECT conname, referring.attname, confrelid::regclass::text, referred.attname
    FROM pg_constraint
    JOIN pg_attribute AS referring
      ON referring.attrelid = conrelid AND referring.attnum = conkey[1]
    JOIN pg_attribute AS referred
      ON referred.attrelid = confrelid AND referred.attnum = confkey[1]
    WHERE contype = 'f' AND conrelid::regclass::text = ANY (%s)
"""
PRIMARY_KEYS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'p' AND conrelid::regclass::text = ANY (%s)
"""


def described(statement: str, on: BaseDatabaseWrapper = connection) -> list[tuple[Any, ...]]:
    """What the catalogue says of the tables of tenants."""
    with on.cursor() as cursor:
        cursor.execute(statement, [list(TENANT_TABLES)])
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_every_primary_and_unique_key_begins_with_the_plate() -> None:
    found = described(UNIQUE_INDEXES)
    assert {table for table, _, _ in found} == TENANT_TABLES
    assert [index for _, index, column in found if column != "plate_id"] == []


@pytest.mark.django_db
def test_every_foreign_key_begins_with_the_plate() -> None:
    found = described(FOREIGN_KEYS)
    assert {"consumer_group_plate_stream_fkey", "consumer_plate_group_fkey"} <= {
        name for name, *_ in found
    }
    for name, column, table, referred in found:
        assert column == "plate_id", name
        assert referred == ("id" if table == "plate" else "plate_id"), name


@pytest.mark.django_db
def test_the_waiting_line_is_unlogged() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'waiting_reader'")
        assert cursor.fetchall() == [("u",)]


@pytest.mark.parametrize("model", [ApiKey, Stream, ConsumerGroup, Consumer, WaitingReader])
def test_django_knows_the_id_alone(model: type[Model]) -> None:
    assert model._meta.pk.name == "id"


class Rows(NamedTuple):
    """A consumer of a group of a stream of a plate."""

    plate: Plate
    stream: Stream
    group: ConsumerGroup
    consumer: Consumer


@pytest.fixture
def rows(db: None) -> Rows:
    plate = Plate.objects.create(name="acme")
    stream = Stream.objects.create(plate=plate, key="events")
    group = ConsumerGroup.objects.create(plate=plate, stream=stream, name="workers")
    consumer = Consumer.objects.create(plate=plate, group=group, name="worker-1", seen_at=0)
    return Rows(plate, stream, group, consumer)


def refused() -> Any:
    """The body breaks a foreign key, which is checked at the end of its transaction."""
    return pytest.raises(IntegrityError, match="foreign key")


def test_a_group_cannot_be_of_a_stream_of_another_plate(rows: Rows) -> None:
    other = Plate.objects.create(name="other")
    with refused(), transaction.atomic():
        ConsumerGroup.objects.create(plate=other, stream=rows.stream, name="workers")
        connection.check_constraints()


def test_a_consumer_cannot_be_of_a_group_of_another_plate(rows: Rows) -> None:
    other = Plate.objects.create(name="other")
    with refused(), transaction.atomic():
        Consumer.objects.create(plate=other, group=rows.group, name="worker-2", seen_at=0)
        connection.check_constraints()


@pytest.mark.parametrize("kind", ["plate", "stream", "group"])
def test_django_deletes_a_row_with_all_that_hangs_on_it(rows: Rows, kind: str) -> None:
    getattr(rows, kind).delete()
    connection.check_constraints()
    assert not Consumer.objects.exists()


# The migration

BEFORE, AFTER = "0005_readers_that_sleep_on", "0006_keys_begin_with_the_plate"
ROWS = """
    INSERT INTO plate (id, name) VALUES (1, 'acme'), (2, 'other');
    INSERT INTO api_key (plate_id, name, scope, prefix, digest)
    VALUES (1, 'a', 'read', 'plt_a', '\\x01'), (2, 'b', 'manage', 'plt_b', '\\x02');
    INSERT INTO stream (id, plate_id, key) VALUES (1, 1, 'events'), (2, 2, 'events');
    INSERT INTO consumer_group (id, plate_id, stream_id, name)
    VALUES (1, 1, 1, 'g'), (2, 2, 2, 'g');
    INSERT INTO consumer (plate_id, group_id, name, seen_at) VALUES (1, 1, 'c', 0), (2, 2, 'c', 0);
    INSERT INTO waiting_reader (plate_id, group_id, process, expires_at)
    VALUES (1, 1, 1, 0), (2, 2, 1, 0);
    INSERT INTO entry (plate_id, stream_id, ms, seq, fields) VALUES (1, 1, 1, 0, '["f", "v"]');
    INSERT INTO stream_node (plate_id, stream_id, last_ms, last_seq, live) VALUES (1, 1, 1, 0, 1);
    INSERT INTO pending_entry (
        plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
    )
    VALUES (1, 1, 1, 0, 1, 0, 1);
"""


@pytest.fixture
def elsewhere(db: None, database_url: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to an empty database of its own."""
    with new_database(database_url) as url:
        other = connection.copy("elsewhere")
        other.settings_dict["NAME"] = dj_database_url.parse(url)["NAME"]
        other.settings_dict["OPTIONS"] = {}
        connections[other.alias] = other
        yield other
        del connections[other.alias]
        other.close()


def migrate(database: BaseDatabaseWrapper, name: str) -> None:
    """Migrate our tables to there, be it forwards or backwards."""
    MigrationExecutor(database).migrate([("streams", name)])


def contents(database: BaseDatabaseWrapper) -> dict[str, set[str]]:
    """All rows, by table."""
    with database.cursor() as cursor:

        def of(table: str) -> set[str]:
            cursor.execute(f"SELECT row_to_json({table})::text FROM {table}")
            return {text for (text,) in cursor.fetchall()}

        return {table: of(table) for table in TABLES}


def test_the_migration_keeps_all_rows_there_and_back(elsewhere: BaseDatabaseWrapper) -> None:
    migrate(elsewhere, BEFORE)
    with elsewhere.cursor() as cursor:
        cursor.execute(ROWS)
    rows, keys = contents(elsewhere), sorted(described(PRIMARY_KEYS, elsewhere))
    assert all(rows.values())
    for name, are_as_before in ((AFTER, False), (BEFORE, True), (AFTER, False)):
        migrate(elsewhere, name)
        assert contents(elsewhere) == rows
        assert (sorted(described(PRIMARY_KEYS, elsewhere)) == keys) is are_as_before
