"""Every statement of a command may meet a conflict, and no client notices."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from inspect import isasyncgenfunction
from typing import Any

import pytest

from streams.commands import execution
from streams.commands.tail import OpenTail, Tail, TailedEntry
from streams.commands.xread import ReadPosition
from streams.domain.ids import EntryId
from streams.domain.plates import PlateId
from streams.models import Plate
from streams.store import entries, session
from streams.store.deliveries import LOOK_FOR_NEW
from streams.store.errors import Conflict
from tests.api import Api
from tests.builders import add, entry
from tests.loop import run


@pytest.fixture(autouse=True)
def stream(api: Api) -> None:
    """The stream `k`, whose group `g` has delivered one of two entries."""
    add(api, "k", "1-0", "2-0")
    api.run("XGROUP", "CREATE", "k", "g", "0")
    api.run("XREADGROUP", "GROUP", "g", "a", "COUNT", 1, "STREAMS", "k", ">")


@contextmanager
def conflicts() -> Iterator[set[tuple[str, bool]]]:
    """In the body each statement meets a conflict, once in a transaction and once outside of any.

    Yields the statements that did so far, and whether they were in a transaction.
    """
    failed: set[tuple[str, bool]] = set()
    with pytest.MonkeyPatch.context() as patch:
        for function in ("execute", "fetch_all", "fetch_one", "defer", "stream"):
            original = getattr(session, function)

            patch.setattr(session, function, failing_once(original, failed))
        yield failed


def failing_once(original: Any, failed: set[tuple[str, bool]]) -> Any:
    """A function of the session that meets a conflict before it gives what the original does."""

    def check(statement: str) -> None:
        kind = statement, session.in_transaction()
        if kind not in failed:
            failed.add(kind)
            raise Conflict

    if isasyncgenfunction(original):

        async def stream(statement: str, parameters: Any, **options: Any) -> AsyncIterator[Any]:
            check(statement)
            async for rows in original(statement, parameters, **options):
                yield rows

        return stream

    async def once(statement: str, parameters: Any = None) -> Any:
        check(statement)
        return await original(statement, parameters)

    return once


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("XREAD STREAMS k 1-0", {"k": [entry("2-0")]}),
        ("XREAD STREAMS k none + $", {"k": [entry("2-0")]}),
        ("XREAD BLOCK 1 STREAMS k 1-0", {"k": [entry("2-0")]}),
        ("XREAD BLOCK 1 STREAMS k none $ $", None),
        ("XREADGROUP GROUP g a STREAMS k >", {"k": [entry("2-0")]}),
        ("XREADGROUP GROUP g a STREAMS k 0", {"k": [entry("1-0")]}),
        ("XREADGROUP GROUP g a BLOCK 1 STREAMS k >", {"k": [entry("2-0")]}),
        ("XADD k 3-0 f v", "3-0"),
        ("XLEN k", 2),
        ("XRANGE k - + COUNT 1", [entry("1-0")]),
        ("XACK k g 1-0", 1),
        ("XGROUP CREATECONSUMER k g b", 1),
        ("XSETID k 9-0", "OK"),
    ],
)
def test_a_command_is_done_again(api: Api, words: str, reply: Any) -> None:
    with conflicts() as failed:
        assert api.run(*words.split()) == reply
    assert failed


def test_a_blocked_reader_of_a_group_looks_again(api: Api) -> None:
    api.run("XREADGROUP", "GROUP", "g", "a", "STREAMS", "k", ">")
    with conflicts() as failed:
        words = ("GROUP", "g", "a", "BLOCK", 20, "STREAMS", "k", ">")
        assert api.run("XREADGROUP", *words) is None
    assert (LOOK_FOR_NEW, False) in failed


def test_a_tail_goes_on(api: Api) -> None:
    plate = PlateId(Plate.objects.get(name=api.plate).pk)
    positions = [ReadPosition("k", EntryId(1, 0)), ReadPosition("other", "$")]

    async def first() -> TailedEntry | None:
        tail: OpenTail = (await execution.run(Tail(positions), plate)).value
        async with aclosing(tail.follow()) as followed:
            found = await anext(followed)
        tail.close()
        return found

    with conflicts() as failed:
        found = run(first())
    assert found
    assert (found.key, found.entry.id_text) == ("k", "2-0")
    assert len(failed) == 2


def test_a_long_reply_in_a_pipeline_is_read_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "ROWS_AT_ONCE", 1)
    with conflicts():
        answer = api.post("/pipeline", [["XRANGE", "k", "-", "+"]])
    assert answer.body["data"] == [[entry("1-0"), entry("2-0")]]


def test_a_key_is_looked_up_again(api: Api, other_api: Api) -> None:
    with conflicts():
        assert other_api.run("XLEN", "k") == 0


@pytest.mark.parametrize("words", ["XREAD STREAMS k 0", "XREAD BLOCK 9000 STREAMS k 0", "XLEN k"])
def test_in_the_end_it_is_an_outage(api: Api, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.rounds.conflicts.TRY_SECONDS", -1.0)
    with conflicts():
        answer = api.send(*words.split())
    assert (answer.status, answer.code) == (503, "unavailable")
