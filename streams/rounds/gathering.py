"""Rounds: what many callers ask for while a round is under way is done together in the next one.

A round that begins takes what waits, in order of arrival. No plate fills a round alone while
another one waits: each plate that waits gets an equal share of it.
"""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from streams.domain.errors import Unavailable
from streams.domain.plates import PlateId

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Key = TypeVar("Key", bound=Hashable)


class _Submission(Generic[Task, Outcome]):
    """One caller's tasks, and the future of their outcomes."""

    __slots__ = ("future", "tasks")

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self.future: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()

    def succeed(self, outcomes: Sequence[Outcome]) -> None:
        # The caller may be gone.
        if not self.future.done():
            self.future.set_result(outcomes)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Rounds(Generic[Task, Outcome]):
    """Collects the tasks of concurrent callers and does them in rounds, one round at a time.

    `work` takes the tasks of a round and returns one outcome for each. A round holds at most
    `round_limit` tasks, or one caller's tasks if that alone has more.
    """

    def __init__(
        self, work: Callable[[list[Task]], Awaitable[Sequence[Outcome]]], *, round_limit: int
    ) -> None:
        self._work = work
        self._round_limit = round_limit
        # What waits, by plate. The plate that had no task in a round for longest comes first.
        self._queues: dict[PlateId, deque[_Submission[Task, Outcome]]] = {}
        self._worker: asyncio.Task[None] | None = None

    async def do(self, plate: PlateId, tasks: Sequence[Task]) -> Sequence[Outcome]:
        """Do the tasks, in some round; returns their outcomes in the same order.

        If `work` raises Unavailable, every caller of the round does. After any other exception the
        work is done again for each caller alone, and only a caller whose own tasks fail raises.
        """
        submission: _Submission[Task, Outcome] = _Submission(tasks)
        self._queues.setdefault(plate, deque()).append(submission)
        if self._worker is None or self._worker.done():
            # A context of its own: a round belongs to no caller's transaction.
            self._worker = asyncio.get_running_loop().create_task(self._run(), context=Context())
        return await submission.future

    async def _run(self) -> None:
        while self._queues:
            members = self._take_round()
            try:
                await self._serve(members)
            except asyncio.CancelledError:
                # The loop is about to end. Nobody is to wait for ever until then.
                for member in members:
                    member.fail(Unavailable("the server is shutting down"))

    def _take_round(self) -> list[_Submission[Task, Outcome]]:
        """The members of the next round: of each plate up to its share, in order of arrival."""
        share = max(self._round_limit // len(self._queues), 1)
        room = self._round_limit
        members: list[_Submission[Task, Outcome]] = []
        for plate, queue in list(self._queues.items()):
            if members and len(queue[0].tasks) > room:
                break  # This plate comes first in the next round.
            taken = _first_of(queue, min(share, room))
            members += taken
            room -= sum(len(member.tasks) for member in taken)
            # Behind all others, if it has more.
            del self._queues[plate]
            if queue:
                self._queues[plate] = queue
        return members

    async def _serve(self, members: list[_Submission[Task, Outcome]]) -> None:
        try:
            outcomes = await self._work([task for member in members for task in member.tasks])
        except Unavailable as error:
            for member in members:
                member.fail(type(error)(error.text))
        except Exception as error:  # noqa: BLE001 - a defect that concerns one caller
            if len(members) == 1:
                members[0].fail(error)
                return
            for member in members:
                await self._serve([member])
        else:
            _hand_out(outcomes, members)


def _first_of(
    queue: deque[_Submission[Task, Outcome]], most: int
) -> list[_Submission[Task, Outcome]]:
    """Take the first submission, however many tasks it has, and the next ones up to so many."""
    taken = [queue.popleft()]
    size = len(taken[0].tasks)
    while queue and size + len(queue[0].tasks) <= most:
        taken.append(queue.popleft())
        size += len(taken[-1].tasks)
    return taken


def _hand_out(outcomes: Sequence[Outcome], members: Sequence[_Submission[Task, Outcome]]) -> None:
    start = 0
    for member in members:
        member.succeed(outcomes[start : start + len(member.tasks)])
        start += len(member.tasks)


class SharedLooks(Generic[Key, Outcome]):
    """One look at the database for all callers that want the same at the same time.

    A caller joins only a look that has not begun yet, so its result is never older than its call.
    """

    def __init__(self) -> None:
        self._looks: dict[Key, Rounds[Callable[[], Awaitable[Outcome]], Outcome]] = {}
        self._askers: Counter[Key] = Counter()

    async def look(
        self, plate: PlateId, key: Key, query: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """The result of a query of this key, run by this caller or another; raises its errors."""
        look = self._looks.setdefault(key, Rounds(_run_first, round_limit=sys.maxsize))
        self._askers[key] += 1
        try:
            return (await look.do(plate, [query]))[0]
        finally:
            self._askers[key] -= 1
            if not self._askers[key]:
                del self._askers[key], self._looks[key]


async def _run_first(queries: Sequence[Callable[[], Awaitable[Outcome]]]) -> list[Outcome]:
    return [await queries[0]()] * len(queries)
