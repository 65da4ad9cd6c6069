"""Long lists stay fast whatever the planner knows: here it knows nothing of the long one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg import sql

from streams.models import Plate
from streams.store import api_keys, candidates, deliveries, entries, pending

ROWS = 20_000
NO_STATISTICS = """
    INSERT INTO entry (plate_id, stream_id, ms, seq, fields)
    SELECT {plate}, {list}, number, 0, '["n", "1"]' FROM generate_series(1, {rows}) AS number;
    INSERT INTO pending_entry (
        plate_id, group_id, ms, seq, consumer_id, delivered_at, delivery_count
    )
    SELECT {plate}, {list}, number, 0, {list}, 0, 1 FROM generate_series(1, {rows}) AS number;
"""
SHORT, LONG = 900_001, 900_002

INDEXES = ("entry_pkey", "pending_entry_pkey", "pending_entry_owner")
READ_ALL = [("Seq Scan", table) for table in ("entry", "pending_entry")]

STATEMENTS = {
    "ASSIGN": pending.ASSIGN,
    "REDELIVER": pending.REDELIVER,
    "REMOVE": pending.REMOVE,
    "ACKNOWLEDGE": pending.ACKNOWLEDGE,
    "DELIVER": deliveries.DELIVER,
    "FIND_FOR_CLAIM": candidates.FIND_FOR_CLAIM,
    "SCAN_FOR_CLAIM": candidates.SCAN_FOR_CLAIM,
    "READ_HISTORY": pending.READ_HISTORY,
    "LIST_PENDING": pending.LIST_PENDING,
    "DELETE_ENTRIES": entries.DELETE_ENTRIES,
    "RANGE_ENTRIES": entries.RANGE_ENTRIES,
    "RANGE_PAGE": entries.RANGE_PAGE,
}


@pytest.fixture(autouse=True)
def rolled_back(db: None) -> Iterator[None]:
    """Nothing is committed, so nobody but the test gathers statistics of its rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def plate(rolled_back: None) -> int:
    """A plate with a long list that came after the statistics of a short one."""
    plate = int(Plate.objects.create(name="plans").pk)
    with connection.cursor() as cursor:
        cursor.execute(NO_STATISTICS.format(plate=plate, list=SHORT, rows=1_000))
        cursor.execute("ANALYZE entry, pending_entry")
        cursor.execute(NO_STATISTICS.format(plate=plate, list=LONG, rows=ROWS))
    return plate


def execute(statement: str, words: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, words)


def parameters(plate: int) -> dict[str, Any]:
    """Whatever the statements ask for."""
    ids = "{" + ",".join(str(place * 100 + 1) for place in range(10)) + "}"
    zeros = "{" + ",".join(["0"] * 10) + "}"
    return {
        "plate": plate,
        "group": LONG,
        "stream": LONG,
        "consumer": LONG,
        "key": b"events",
        "now": 1,
        "delivered_at": 1,
        "idle_since": 1,
        "count": 100,
        "delivery_counts": zeros,
        **dict.fromkeys(("start_ms", "end_ms"), "10000"),
        **dict.fromkeys(("start_seq", "end_seq"), "0"),
    } | {"ms": ids, "seq": zeros}


TYPES = {int: "bigint", bool: "boolean", bytes: "bytea", str: "unknown"}


def plan_of(statement: str, words: dict[str, Any], mode: str) -> dict[str, Any]:
    """What PostgreSQL plans to do; in generic mode without a look at the words.

    By PREPARE: it looks at the words of an EXPLAIN in either mode.
    """
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda name: f"${names.index(name[1]) + 1}", statement)
    types = ", ".join(TYPES[type(words[name])] for name in names)
    values = sql.SQL(", ").join(words[name] for name in names).as_string(connection.connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = {mode}")
        cursor.execute(f"PREPARE planned ({types}) AS {numbered}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE planned ({values})")
        (plans,) = cursor.fetchone()
        cursor.execute("DEALLOCATE planned")
    return dict(plans[0]["Plan"])


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan that find rows of the long tables; all of them must use an index."""
    assert (plan["Node Type"], plan.get("Relation Name")) not in READ_ALL, plan
    if plan.get("Index Name") in INDEXES:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_rows_are_found_by_their_ids(plate: int, name: str, mode: str) -> None:
    words = parameters(plate)
    if name in ("SCAN_FOR_CLAIM", "READ_HISTORY"):
        words |= {"ms": "10000", "seq": "0"}
    if name in ("ACKNOWLEDGE", "DELIVER"):
        words |= {"keys": "{events}", "group": b"workers", "consumer": b"worker-1"}
        words |= {
            "no_ack": False,
            "guarded": False,
            "gives_way": True,
            "places": "{1}",
            "passed_over": "{2}",
        }
    found = list(scans(plan_of(STATEMENTS[name], words, mode)))
    assert found
    assert all("ms" in scan["Index Cond"] for scan in found)


def test_a_group_s_list_is_not_read_by_its_consumers_index(plate: int) -> None:
    (scan,) = scans(plan_of(pending.REMOVE, parameters(plate), "auto"))
    assert scan["Index Name"] == "pending_entry_pkey"


WAITING = """
    INSERT INTO waiting_reader (plate_id, group_id, process, expires_at)
    SELECT %(plate)s, number %% 300, 1, 1
    FROM generate_series(1, 3000) AS number
"""
WHO_WAITS = """
    EXPLAIN (FORMAT JSON)
    SELECT
    FROM waiting_reader
    WHERE plate_id = %(plate)s AND group_id = 1 AND expires_at > 0
"""


def test_a_line_is_read_by_its_group_where_statistics_say_that_nobody_waits() -> None:
    execute(WAITING, {"plate": 1})
    execute("DELETE FROM waiting_reader", {})
    execute("ANALYZE waiting_reader", {})
    execute(WAITING, {"plate": 1})
    with connection.cursor() as cursor:
        cursor.execute(WHO_WAITS, {"plate": 1})
        (plans,) = cursor.fetchone()
    assert plans[0]["Plan"]["Index Name"] == "waiting_reader_group"


MANY_KEYS = """
    INSERT INTO api_key (plate_id, name, scope, prefix, digest)
    SELECT %(plate)s, '', 'read', '', sha256(number::text::bytea)
    FROM generate_series(1, 10000) AS number
"""


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("statement", "sought", "column"),
    [
        (api_keys.FIND_KEY_BY_DIGEST, b"\1" * 32, "digest"),
        (api_keys.FIND_KEY_BY_ID, 1, "id"),
    ],
    ids=["by digest", "by id"],
)
def test_a_key_is_found_without_a_look_at_the_other_keys_of_its_plate(
    statement: str, sought: bytes | int, column: str, mode: str
) -> None:
    plate = Plate.objects.create(name="plans")
    execute(MANY_KEYS, {"plate": plate.pk})
    execute("ANALYZE api_key", {})
    plan = plan_of(statement, {"plate": "plans", "sought": sought}, mode)
    assert re.search(rf"\b{column} = ", plan["Index Cond"])
