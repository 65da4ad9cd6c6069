"""What each command on streams costs in statements, whatever the number of entries and IDs."""

import pytest

from tests.api import Api
from tests.builders import add_numbered
from tests.statements import recorded

LOCK, SAVE = "LOCK_STREAMS", "SAVE_STREAMS"
COUNTED = ["FIND_STREAMS", "COUNT_NODES"]
TEN_IDS = " ".join(f"{ms}-0" for ms in range(1, 11))
TEN_STREAMS = f"XREAD STREAMS {' '.join('abcdefghij')}"


@pytest.mark.parametrize(
    ("words", "statements"),
    [
        ("XADD k 151-0 f v", [LOCK, "INSERT_ENTRIES", SAVE]),
        ("XADD k 1-0 f v", [LOCK]),
        ("XADD k MAXLEN 200 151-0 f v", [LOCK, "INSERT_ENTRIES", SAVE]),
        (
            "XADD k MAXLEN 100 151-0 f v",
            [
                LOCK,
                "INSERT_ENTRIES",
                "ENTRY_ID_AT",
                "DELETE_ENTRIES_UP_TO",
                "DELETE_NODES_UP_TO",
                "FIRST_ENTRY_ID",
                "RECOUNT_OLDEST_NODE",
                SAVE,
            ],
        ),
        ("XADD missing NOMKSTREAM * f v", [LOCK]),
        ("XADD missing 1-0 f v", [LOCK, "CREATE_PLACEHOLDERS", LOCK, "INSERT_ENTRIES", SAVE]),
        ("XLEN k", ["FIND_STREAMS"]),
        ("XRANGE k - +", ["RANGE_PAGE"]),
        ("XRANGE k - + COUNT 0", ["FIND_STREAMS"]),
        ("XREVRANGE k + - COUNT 5", ["REVERSE_RANGE_PAGE"]),
        ("XREAD STREAMS k 0", ["READ_ENTRIES"]),
        ("XREAD STREAMS k $", ["FIND_STREAMS", "READ_ENTRIES"]),
        ("XREAD STREAMS k +", ["READ_NEWEST_ENTRIES"]),
        (f"{TEN_STREAMS} 0 0 0 0 0 0 0 0 0 0", ["READ_ENTRIES"]),
        (
            f"{TEN_STREAMS} 0 $ + 0 $ + 0 $ + 0",
            ["FIND_STREAMS", "READ_ENTRIES", "READ_NEWEST_ENTRIES"],
        ),
        ("XDEL k 999-0", [LOCK, "DELETE_ENTRIES"]),
        ("XDEL k 120-0", [LOCK, "DELETE_ENTRIES", "SHRINK_NODES", SAVE]),
        (
            f"XDEL k {TEN_IDS}",
            [LOCK, "DELETE_ENTRIES", "FIRST_ENTRY_ID", "SHRINK_NODES", SAVE],
        ),
        ("XDEL missing 1-0", [LOCK]),
        ("XTRIM k MAXLEN 150", [LOCK]),
        ("XTRIM k MINID 1", [LOCK]),
        (
            "XTRIM k MINID 51",
            [
                LOCK,
                "DELETE_ENTRIES_UP_TO",
                "DELETE_NODES_UP_TO",
                "FIRST_ENTRY_ID",
                "RECOUNT_OLDEST_NODE",
                SAVE,
            ],
        ),
        (
            "XTRIM k MAXLEN ~ 50",
            [
                LOCK,
                "OLDEST_NODES",
                "DELETE_ENTRIES_UP_TO",
                "DELETE_NODES_UP_TO",
                "FIRST_ENTRY_ID",
                SAVE,
            ],
        ),
        ("XTRIM k MAXLEN ~ 51", [LOCK, "OLDEST_NODES"]),
        ("XSETID k 200-0", [LOCK, "LAST_ENTRY_ID", SAVE]),
        (
            "XINFO STREAM k",
            [*COUNTED, "COUNT_GROUPS", "RANGE_ENTRIES", "REVERSE_RANGE_ENTRIES"],
        ),
        ("XINFO STREAM k FULL COUNT 0", [*COUNTED, "RANGE_PAGE", "LIST_GROUPS"]),
    ],
)
def test_of_a_command(api: Api, words: str, statements: list[str]) -> None:
    add_numbered(api, "k", 150)
    with recorded() as sent:
        api.send(*words.split())
    assert sent == statements


def test_a_thousand_entries_cost_what_one_does(api: Api) -> None:
    add_numbered(api, "k", 1)
    with recorded() as sent:
        add_numbered(api, "k", 1000, first=2)
    assert sent == [LOCK, "INSERT_ENTRIES", "INSERT_NODES", SAVE]


def test_adds_of_a_pipeline_are_committed_together(api: Api) -> None:
    add_numbered(api, "k", 1)
    batch = [["XADD", key, "*", "f", "v"] for key in ("k", "j", "k", "i")]
    with recorded() as sent:
        assert api.post("/pipeline", batch).status == 200
    assert sent == [LOCK, "CREATE_PLACEHOLDERS", LOCK, "INSERT_ENTRIES", SAVE]


def test_of_the_deletion_of_a_stream(api: Api) -> None:
    add_numbered(api, "k", 150)
    with recorded() as sent:
        assert api.delete("/streams/k").result == 1
    assert sent == [LOCK, "LOCK_GROUPS_OF_STREAM", "DELETE_STREAM"]


GROUP_LOCK, SEE = "LOCK_GROUPS", "SEE_CONSUMER"
GUARDED_READ = [GROUP_LOCK, "DELIVER"]
GENERAL_READ = [GROUP_LOCK, SEE, "DELIVER"]
READ = "XREADGROUP GROUP g c STREAMS k >"
EVERY_ID = " ".join(f"{ms}-0" for ms in range(1, 1001))


@pytest.fixture
def group(api: Api) -> Api:
    """A plate with a stream of a thousand entries, new to a group and to its consumer `c`."""
    add_numbered(api, "k", 1000)
    api.run("XGROUP", "CREATE", "k", "g", "0", "ENTRIESREAD", "0")
    return api


@pytest.mark.parametrize(
    ("words", "statements"),
    [
        (READ, GUARDED_READ),
        ("XREADGROUP GROUP g c COUNT 1 STREAMS k >", GUARDED_READ),
        ("XREADGROUP GROUP g c BLOCK 1 STREAMS k >", GUARDED_READ),
        ("XREADGROUP GROUP g c NOACK STREAMS k >", GUARDED_READ),
        ("XREADGROUP GROUP g c STREAMS k k > >", [*GENERAL_READ, *GENERAL_READ[2:]]),
        ("XREADGROUP GROUP g c STREAMS k 0", [GROUP_LOCK, SEE, "READ_HISTORY"]),
        (f"XACK k g {EVERY_ID}", [GROUP_LOCK, "ACKNOWLEDGE"]),
        ("XACK k g x", ["FIND_GROUP"]),
    ],
)
def test_of_a_delivery(group: Api, words: str, statements: list[str]) -> None:
    with recorded() as sent:
        group.send(*words.split())
    assert sent == statements


@pytest.mark.parametrize(
    ("preparations", "delivered", "corrections"),
    [
        (["XGROUP SETID k g 500-0 ENTRIESREAD -1"], 500, ["SAVE_GROUP"]),
        (["XDEL k 1000-0"], 999, ["SAVE_GROUP"]),
        (["XCLAIM k g other 0 500-0 FORCE"], 1000, []),
        ([READ, "XGROUP SETID k g 0 ENTRIESREAD 0"], 1000, []),
    ],
    ids=["unknown entries-read", "a tombstone ahead", "pending ahead", "all pending"],
)
def test_of_a_delivery_that_the_guard_holds_back(
    group: Api, preparations: list[str], delivered: int, corrections: list[str]
) -> None:
    for words in preparations:
        group.run(*words.split())
    with recorded() as sent:
        assert len(group.run(*READ.split())["k"]) == delivered
    assert sent == [*GUARDED_READ, *GENERAL_READ, *corrections]


@pytest.mark.parametrize(
    ("words", "statements"),
    [
        (
            "XREADGROUP GROUP g c STREAMS k 0",
            [GROUP_LOCK, SEE, "READ_HISTORY", "REDELIVER"],
        ),
        (f"XACK k g {EVERY_ID}", [GROUP_LOCK, "ACKNOWLEDGE"]),
        (f"XCLAIM k g other 0 {EVERY_ID}", [GROUP_LOCK, SEE, "FIND_FOR_CLAIM", "ASSIGN"]),
        (
            "XAUTOCLAIM k g other 0 - COUNT 1000",
            [GROUP_LOCK, SEE, "SCAN_FOR_CLAIM", "SCAN_FOR_CLAIM", "ASSIGN"],
        ),
        ("XPENDING k g", ["FIND_GROUP", "LIST_CONSUMERS", "SUMMARIZE"]),
        ("XPENDING k g - + 1000", ["FIND_GROUP", "LIST_PENDING"]),
        ("XPENDING k g - + 1000 c", ["FIND_GROUP", "LIST_PENDING_OF_CONSUMER"]),
    ],
)
def test_with_a_thousand_pending_entries(group: Api, words: str, statements: list[str]) -> None:
    group.run(*READ.split())
    with recorded() as sent:
        group.run(*words.split())
    assert sent == statements
