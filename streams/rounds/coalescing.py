"""Work of many callers done together: leader and followers.

The first caller to arrive leads: it does its own work at once. Callers that arrive meanwhile wait.
When the leader is done, the first of them leads the next round and does the work of all. A caller
waits for the round under way and for its own, and under load each round serves many callers for
the price of one.
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
    """One caller's tasks, and their outcomes or the error."""

    __slots__ = ("error", "go_ahead", "outcomes", "tasks")

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self.outcomes: Sequence[Outcome] | None = None
        self.error: Exception | None = None
        # The caller waits by acquiring this lock a second time. It is released when the outcome is
        # there or when the caller is to lead. A lock costs a tenth of an Event.
        self.go_ahead = threading.Lock()
        self.go_ahead.acquire()

    @property
    def is_done(self) -> bool:
        return self.outcomes is not None or self.error is not None


class Coalescer(Generic[Task, Outcome]):
    """Collects the tasks of concurrent callers and does them in rounds, in order of arrival.

    `work` takes the tasks of a round and returns one outcome for each. A round holds at most
    `round_limit` tasks, or one caller's tasks if that alone has more.
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
        """Do the tasks, in some round; returns their outcomes in the same order.

        If `work` raises Unavailable, every caller of the round does. After any other exception the
        work is done again for each caller alone, and only a caller whose own tasks fail raises.
        """
        submission: _Submission[Task, Outcome] = _Submission(tasks)
        if self._must_wait(submission):
            # The leader may be waiting for the very connection that this caller holds.
            session.release()
            submission.go_ahead.acquire()
        if not submission.is_done:
            self._lead()
        if submission.error is not None:
            raise submission.error
        assert submission.outcomes is not None
        return submission.outcomes

    def _must_wait(self, submission: _Submission[Task, Outcome]) -> bool:
        """Join the queue; returns whether another caller leads."""
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
                follower.go_ahead.release()
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
                self._queue[0].go_ahead.release()

    def _serve(self, members: list[_Submission[Task, Outcome]]) -> None:
        try:
            outcomes = self._work([task for member in members for task in member.tasks])
        except Unavailable as error:
            for member in members:
                member.error = type(error)(error.text)
        except Exception as error:  # noqa: BLE001 - a defect that concerns one caller
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
    """One look at the database for all callers that want the same at the same time.

    A caller joins only a look that has not begun yet, so its result is never older than its call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[Key, Coalescer[Callable[[], Outcome], Outcome]] = {}
        self._askers: Counter[Key] = Counter()

    def look(self, key: Key, query: Callable[[], Outcome]) -> Outcome:
        """The result of a query of this key, run by this caller or another; raises its errors."""
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
