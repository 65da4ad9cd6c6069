"""Work of many callers done together: leader and followers.

The first caller to arrive leads: it does its own work at once. Those who come while it is at it
wait; when it is done, the first of them leads for all. Nobody waits for more than the round that
was under way and its own, and under load each round serves many for the price of one.
"""

import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from streams.domain.errors import Unavailable
from streams.store import session

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Key = TypeVar("Key", bound=Hashable)


class _Submission(Generic[Task, Outcome]):
    """One caller's tasks, and what came of them."""

    __slots__ = ("error", "outcomes", "tasks", "turn")

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self.outcomes: Sequence[Outcome] | None = None
        self.error: Exception | None = None
        # Held until the outcome is there, or until it is this caller's turn to lead. A lock
        # costs a tenth of an Event.
        self.turn = threading.Lock()
        self.turn.acquire()

    @property
    def is_done(self) -> bool:
        return self.outcomes is not None or self.error is not None


class Coalescer(Generic[Task, Outcome]):
    """Collects the tasks of concurrent callers and has them done in rounds, in order of arrival.

    `work` takes the tasks of a round and returns their outcomes, one each. A round takes whole
    submissions until it has `round_limit` tasks.
    """

    def __init__(
        self, work: Callable[[list[Task]], Sequence[Outcome]], *, round_limit: int
    ) -> None:
        self._work = work
        self._round_limit = round_limit
        self._lock = threading.Lock()
        self._queue: deque[_Submission[Task, Outcome]] = deque()
        self._has_leader = False

    def do(self, tasks: Sequence[Task]) -> Sequence[Outcome]:
        """Have the tasks done; returns their outcomes in the same order.

        Raises what `work` raised: Unavailable if it did for the whole round, any other
        exception only if it did for these tasks alone.
        """
        submission: _Submission[Task, Outcome] = _Submission(tasks)
        if self._must_wait(submission):
            # Whoever holds a connection here may hold the one that the leader waits for.
            session.release()
            submission.turn.acquire()
        if not submission.is_done:
            self._lead()
        if submission.error is not None:
            raise submission.error
        assert submission.outcomes is not None
        return submission.outcomes

    def _must_wait(self, submission: _Submission[Task, Outcome]) -> bool:
        """Queue up; whether somebody else leads."""
        with self._lock:
            self._queue.append(submission)
            must_wait = self._has_leader
            self._has_leader = True
            return must_wait

    def _lead(self) -> None:
        """Serve one round, whose first member is the caller, then pass the lead on."""
        members = self._take_round()
        try:
            self._serve(members)
        finally:
            for follower in members[1:]:
                if not follower.is_done:  # The leader was killed.
                    follower.error = Unavailable("the server is shutting down")
                follower.turn.release()
            self._pass_lead()

    def _take_round(self) -> list[_Submission[Task, Outcome]]:
        with self._lock:
            members = [self._queue.popleft()]
            size = len(members[0].tasks)
            while self._queue and size + len(self._queue[0].tasks) <= self._round_limit:
                members.append(self._queue.popleft())
                size += len(members[-1].tasks)
            return members

    def _pass_lead(self) -> None:
        with self._lock:
            self._has_leader = bool(self._queue)
            if self._queue:
                self._queue[0].turn.release()

    def _serve(self, members: list[_Submission[Task, Outcome]]) -> None:
        try:
            outcomes = self._work([task for member in members for task in member.tasks])
        except Unavailable as error:
            for member in members:
                member.error = Unavailable(error.text)
        except Exception as error:  # noqa: BLE001 - a defect, but only its own caller's
            if len(members) == 1:
                members[0].error = error
            else:
                for member in members:
                    self._serve([member])
        else:
            _hand_out(outcomes, members)


def _hand_out(outcomes: Sequence[Outcome], members: Sequence[_Submission[Task, Outcome]]) -> None:
    start = 0
    for member in members:
        member.outcomes = outcomes[start : start + len(member.tasks)]
        start += len(member.tasks)


class SharedLooks(Generic[Key, Outcome]):
    """One look at the database for all who want the same at the same time.

    A caller never gets what was looked up before it asked: it joins a look only if that has not
    begun.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[Key, Coalescer[Callable[[], Outcome], Outcome]] = {}
        self._askers: Counter[Key] = Counter()

    def look(self, key: Key, query: Callable[[], Outcome]) -> Outcome:
        """What the query of this key finds. Raises what it raises."""
        with self._lock:
            look = self._looks.setdefault(key, Coalescer(_run_first, round_limit=sys.maxsize))
            self._askers[key] += 1
        try:
            return look.do([query])[0]
        finally:
            with self._lock:
                self._askers[key] -= 1
                if not self._askers[key]:
                    del self._askers[key], self._looks[key]


def _run_first(queries: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    return [queries[0]()] * len(queries)
