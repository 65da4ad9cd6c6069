"""Work of many callers done together: each keeps its own outcome, whatever befalls the others."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from streams.domain.errors import Unavailable
from streams.rounds.coalescing import Coalescer
from tests.polling import eventually

DEADLINE_SECONDS = 20


class Killed(BaseException):
    """What ends a thread from outside."""


class Workshop:
    """Doubles numbers. Its first round lasts until all callers of a test have come."""

    def __init__(
        self, *, round_limit: int = 100, failures: dict[int, BaseException] | None = None
    ) -> None:
        self.rounds: list[list[int]] = []
        self._failures = failures or {}
        self._begun = threading.Event()
        self._may_go_on = threading.Event()
        self._coalescer: Coalescer[int, int] = Coalescer(self._work, round_limit=round_limit)

    def serve(self, *submissions: Sequence[int]) -> list[Sequence[int] | BaseException]:
        """Submit the first; while that is worked on, the others, in order. Gives all outcomes."""
        first, *others = submissions
        with ThreadPoolExecutor(len(submissions)) as threads:
            futures = [threads.submit(self._coalescer.do, first)]
            assert self._begun.wait(DEADLINE_SECONDS)
            for count, tasks in enumerate(others, start=1):
                futures.append(threads.submit(self._coalescer.do, tasks))
                eventually(lambda count=count: self._count_waiting() == count)  # type: ignore[misc]
            self._may_go_on.set()
            return [_outcome(future) for future in futures]

    def _work(self, tasks: list[int]) -> list[int]:
        self.rounds.append(tasks)
        self._begun.set()
        assert self._may_go_on.wait(DEADLINE_SECONDS)
        for task in tasks:
            if task in self._failures:
                raise self._failures[task]
        return [2 * task for task in tasks]

    def _count_waiting(self) -> int:
        return len(self._coalescer._queue)  # noqa: SLF001 - only here is it worth knowing


def _outcome(future: Future[Sequence[int]]) -> Sequence[int] | BaseException:
    return future.exception(DEADLINE_SECONDS) or future.result()


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


def test_followers_survive_a_killed_leader() -> None:
    workshop = Workshop(failures={2: Killed()})
    first, leader, *followers = workshop.serve([1], [2], [3], [4])
    assert first == [2]
    assert isinstance(leader, Killed)
    assert [type(error) for error in followers] == [Unavailable, Unavailable]
    assert workshop.serve([5]) == [[10]]


def test_those_who_wait_behind_a_killed_leader_are_served() -> None:
    workshop = Workshop(failures={1: Killed()})
    leader, *others = workshop.serve([1], [2], [3])
    assert isinstance(leader, Killed)
    assert others == [[4], [6]]


def test_a_crowd_is_served_to_the_last() -> None:
    rounds: list[int] = []

    def work(tasks: list[int]) -> list[int]:
        rounds.append(len(tasks))
        return [2 * task for task in tasks]

    coalescer: Coalescer[int, int] = Coalescer(work, round_limit=8)
    submissions = [[task, task + 1] for task in range(0, 4000, 2)]
    with ThreadPoolExecutor(32) as threads:
        outcomes = list(threads.map(coalescer.do, submissions, timeout=DEADLINE_SECONDS))
    assert outcomes == [[2 * task for task in tasks] for tasks in submissions]
    assert sum(rounds) == 4000
    assert max(rounds) <= 8
