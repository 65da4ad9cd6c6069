"""Work of many callers done together: each keeps its own outcome, whatever befalls the others."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import pytest

from streams.domain.errors import Unavailable
from streams.domain.plates import PlateId
from streams.rounds.gathering import Rounds, SharedLooks
from tests.loop import run

PLATE, OTHER_PLATE, THIRD_PLATE = PlateId(1), PlateId(2), PlateId(3)
DEADLINE_SECONDS = 20

Result = TypeVar("Result")
Call = tuple[PlateId, Sequence[int]]


class Gate:
    """What the first round passes once all callers of a test wait."""

    def __init__(self) -> None:
        self._is_reached = asyncio.Event()
        self._is_open = asyncio.Event()

    async def passed(self) -> None:
        """Wait for its opening."""
        self._is_reached.set()
        await self._is_open.wait()

    async def outcomes_of(
        self, *calls: Awaitable[Result], cancelled: Sequence[int] = ()
    ) -> list[Result | BaseException]:
        """Begin the first call; while it is at the gate, the others, in order. Gives all outcomes.

        Some callers, by their place, are cancelled while the first is at the gate.
        """
        async with asyncio.timeout(DEADLINE_SECONDS):
            callers = [asyncio.ensure_future(calls[0])]
            await self._is_reached.wait()
            callers += map(asyncio.ensure_future, calls[1:])
            # They begin in order, and then this task goes on: all of them wait.
            await asyncio.sleep(0)
            for place in cancelled:
                callers[place].cancel()
            self._is_open.set()
            return await asyncio.gather(*callers, return_exceptions=True)


class Workshop:
    """Doubles numbers. Its first round lasts until all callers of a test have come."""

    def __init__(
        self, *, round_limit: int = 100, failures: dict[int, BaseException] | None = None
    ) -> None:
        self.rounds: list[list[int]] = []
        self._failures = failures or {}
        self._gate = Gate()
        self._rounds: Rounds[int, int] = Rounds(self._work, round_limit=round_limit)

    def serve(
        self, *submissions: Sequence[int], cancelled: Sequence[int] = ()
    ) -> list[Sequence[int] | BaseException]:
        """Submit the first; while that is worked on, the others, in order. Gives all outcomes."""
        return self.serve_plates(*((PLATE, tasks) for tasks in submissions), cancelled=cancelled)

    def serve_plates(
        self, *calls: Call, cancelled: Sequence[int] = ()
    ) -> list[Sequence[int] | BaseException]:
        """The same for callers of several plates."""
        work = [self._rounds.do(plate, tasks) for plate, tasks in calls]
        return run(self._gate.outcomes_of(*work, cancelled=cancelled))

    async def _work(self, tasks: list[int]) -> list[int]:
        self.rounds.append(tasks)
        await self._gate.passed()
        for task in tasks:
            if task in self._failures:
                raise self._failures[task]
        return [2 * task for task in tasks]


def test_a_lone_caller_is_served_at_once() -> None:
    workshop = Workshop()
    assert workshop.serve([1, 2, 3]) == [[2, 4, 6]]
    assert workshop.serve([4]) == [[8]]
    assert workshop.rounds == [[1, 2, 3], [4]]


def test_those_who_come_meanwhile_share_the_next_round_in_order_of_arrival() -> None:
    workshop = Workshop()
    assert workshop.serve([1], [2, 3], [4], [5, 6, 7]) == [[2], [4, 6], [8], [10, 12, 14]]
    assert workshop.rounds == [[1], [2, 3, 4, 5, 6, 7]]


def test_a_round_takes_whole_submissions_up_to_its_limit() -> None:
    workshop = Workshop(round_limit=3)
    outcomes = workshop.serve([1], [2, 3], [4], [5], [6, 7, 8, 9], [10])
    assert outcomes == [[2], [4, 6], [8], [10], [12, 14, 16, 18], [20]]
    assert workshop.rounds == [[1], [2, 3, 4], [5], [6, 7, 8, 9], [10]]


def test_nobody_of_a_round_is_served_when_the_database_is_away() -> None:
    workshop = Workshop(failures={3: Unavailable("away")})
    first, *others = workshop.serve([1], [2], [3], [4])
    assert first == [2]
    assert [(type(error), str(error)) for error in others] == [(Unavailable, "away")] * 3
    assert len({id(error) for error in others}) == 3
    assert workshop.rounds == [[1], [2, 3, 4]]
    assert workshop.serve([5]) == [[10]]


def test_a_round_that_is_not_served_does_not_spoil_the_next() -> None:
    workshop = Workshop(failures={1: Unavailable("away")})
    first, *others = workshop.serve([1], [2], [3])
    assert isinstance(first, Unavailable)
    assert others == [[4], [6]]


@pytest.mark.parametrize("culprit", [2, 3, 4])
def test_any_other_error_is_its_own_callers_alone(culprit: int) -> None:
    defect = ValueError("a defect")
    workshop = Workshop(failures={culprit: defect})
    outcomes = workshop.serve([1], [2], [3], [4])
    assert outcomes == [defect if task == culprit else [2 * task] for task in (1, 2, 3, 4)]
    assert workshop.rounds == [[1], [2, 3, 4], [2], [3], [4]]


def test_the_database_may_go_away_while_the_members_of_a_round_are_served_one_by_one() -> None:
    workshop = Workshop(failures={2: ValueError("a defect"), 4: Unavailable("away")})
    _, defect, served, away = workshop.serve([1], [2], [3], [4])
    assert isinstance(defect, ValueError)
    assert served == [6]
    assert isinstance(away, Unavailable)


def test_a_crowd_is_served_to_the_last() -> None:
    sizes: list[int] = []

    async def work(tasks: list[int]) -> list[int]:
        sizes.append(len(tasks))
        return [2 * task for task in tasks]

    async def serve(submissions: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        rounds: Rounds[int, int] = Rounds(work, round_limit=8)
        calls = (rounds.do(PlateId(tasks[0] % 3), tasks) for tasks in submissions)
        return await asyncio.gather(*calls)

    submissions = [[task, task + 1] for task in range(0, 4000, 2)]
    assert run(serve(submissions)) == [[2 * task for task in tasks] for tasks in submissions]
    assert sum(sizes) == 4000
    assert max(sizes) <= 8


# Callers that leave


@pytest.mark.parametrize("leaving", [0, 1, 2, 3])
def test_a_caller_that_leaves_disturbs_nobody(leaving: int) -> None:
    workshop = Workshop()
    outcomes = workshop.serve([1], [2], [3], [4], cancelled=[leaving])
    assert isinstance(outcomes.pop(leaving), asyncio.CancelledError)
    assert outcomes == [[2 * task] for task in (1, 2, 3, 4) if task != leaving + 1]


def test_the_defect_of_a_caller_that_has_left_is_nobodys() -> None:
    workshop = Workshop(failures={2: ValueError("a defect")})
    first, _, last = workshop.serve([1], [2], [3], cancelled=[1])
    assert [first, last] == [[2], [6]]


# The shares of plates


def calls_of(plate: PlateId, *tasks: int) -> list[Call]:
    """A call for each task."""
    return [(plate, [task]) for task in tasks]


def test_a_plate_that_floods_gets_its_share_while_another_waits() -> None:
    workshop = Workshop(round_limit=4)
    flood, others = calls_of(PLATE, *range(1, 9)), calls_of(OTHER_PLATE, 11, 12, 13)
    outcomes = workshop.serve_plates(*flood, *others)
    assert outcomes == [[2 * task] for _, (task,) in (*flood, *others)]
    assert workshop.rounds[0] == [1]
    shared = [sorted(tasks) for tasks in workshop.rounds[1:]]
    assert shared == [[2, 3, 11, 12], [4, 5, 13], [6, 7, 8]]


def test_a_plate_alone_fills_its_rounds() -> None:
    workshop = Workshop(round_limit=4)
    workshop.serve_plates(*calls_of(PLATE, 1, 2, 3, 4, 5, 6))
    assert workshop.rounds == [[1], [2, 3, 4, 5], [6]]


def test_each_plate_is_served_in_order_of_arrival() -> None:
    workshop = Workshop(round_limit=3)
    ones, others = calls_of(PLATE, *range(1, 9)), calls_of(OTHER_PLATE, *range(11, 19))
    workshop.serve_plates(*(call for pair in zip(ones, others, strict=True) for call in pair))
    served = [task for tasks in workshop.rounds for task in tasks]
    assert [task for task in served if task < 10] == list(range(1, 9))
    assert [task for task in served if task > 10] == list(range(11, 19))


def test_calls_as_large_as_a_round_keep_no_other_plate_waiting() -> None:
    workshop = Workshop(round_limit=2)
    flood = [(PLATE, tasks) for tasks in ([1], [2, 3], [4, 5], [6, 7], [8, 9])]
    workshop.serve_plates(*flood, (OTHER_PLATE, [11, 12]))
    assert [11, 12] in workshop.rounds[1:3]


def test_more_plates_than_a_round_has_room_for_keep_none_waiting() -> None:
    workshop = Workshop(round_limit=2)
    flood = [*calls_of(PLATE, 1, 2, 3, 4), *calls_of(OTHER_PLATE, 11, 12, 13)]
    workshop.serve_plates(*flood, *calls_of(THIRD_PLATE, 21))
    assert 21 in workshop.rounds[1] + workshop.rounds[2]


# Rounds that are cancelled


def test_nobody_waits_for_ever_when_a_round_is_cancelled() -> None:
    workshop = Workshop(failures={2: asyncio.CancelledError()})
    first, *others = workshop.serve([1], [2], [3], [4])
    assert first == [2]
    assert [type(error) for error in others] == [Unavailable] * 3
    assert workshop.serve([5]) == [[10]]


def test_those_who_wait_behind_a_cancelled_round_are_served() -> None:
    workshop = Workshop(failures={1: asyncio.CancelledError()})
    first, *others = workshop.serve([1], [2], [3])
    assert isinstance(first, Unavailable)
    assert others == [[4], [6]]


# Shared looks


class Lookout:
    """Counts its looks. The first one lasts until all askers of a test have come."""

    def __init__(self, failures: dict[int, BaseException] | None = None) -> None:
        self.looks = 0
        self._failures = failures or {}
        self._gate = Gate()
        self._shared: SharedLooks[str, int] = SharedLooks()

    def ask(self, *keys: str, cancelled: Sequence[int] = ()) -> list[int | BaseException]:
        """Look at the first key; meanwhile, ask for the others. Gives all outcomes."""
        work = [self._shared.look(PLATE, key, self._look) for key in keys]
        return run(self._gate.outcomes_of(*work, cancelled=cancelled))

    def remembers_nothing(self) -> bool:
        return not self._shared._looks  # noqa: SLF001 - only here is it worth knowing

    async def _look(self) -> int:
        self.looks += 1
        number = self.looks
        await self._gate.passed()
        if number in self._failures:
            raise self._failures[number]
        return number


def test_those_who_come_during_a_look_share_the_next_one() -> None:
    assert Lookout().ask("a", "a", "a", "a") == [1, 2, 2, 2]


def test_looks_at_different_things_are_not_shared() -> None:
    assert Lookout().ask("a", "b", "b") == [1, 2, 2]


def test_each_later_asker_gets_a_look_of_its_own() -> None:
    lookout = Lookout()
    assert [lookout.ask("a"), lookout.ask("a")] == [[1], [2]]
    assert lookout.remembers_nothing()


def test_an_asker_that_leaves_disturbs_nobody() -> None:
    lookout = Lookout()
    first, second, third = lookout.ask("a", "a", "a", cancelled=[0, 1])
    assert isinstance(first, asyncio.CancelledError)
    assert isinstance(second, asyncio.CancelledError)
    assert third == 2
    assert lookout.remembers_nothing()


def test_a_look_that_fails_fails_for_all_that_share_it() -> None:
    lookout = Lookout({2: Unavailable("away")})
    first, *others = lookout.ask("a", "a", "a")
    assert first == 1
    assert [(type(error), str(error)) for error in others] == [(Unavailable, "away")] * 2
    assert lookout.remembers_nothing()
