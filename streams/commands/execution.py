"""The one way to run a command: every command of every request passes here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from streams.commands.contract import Command
from streams.commands.xadd import Add, execute_all
from streams.domain.errors import Refusal
from streams.domain.plates import PlateId
from streams.rounds.conflicts import again_after_conflict
from streams.store.entries import LongRange, all_of


class Reply(NamedTuple):
    """A reply in JSON values, or the parts of a list that is too long to be held in memory."""

    value: Any = None
    # Each part is a list of elements; None: `value` is the whole reply.
    parts: LongRange | None = None

    def whole(self) -> Any:
        """The reply in memory, however long it is."""
        return self.value if self.parts is None else all_of(self.parts)


def run(command: Command, plate: PlateId) -> Reply:
    """Execute the command, again if another transaction is in its way. Raises Refusal.

    Inside a transaction the conflict is raised, for the whole of it must be run again.
    """
    # A command that can block repeats its own attempts: it keeps its deadline.
    execute = command.execute if command.can_block else again_after_conflict(command.execute)
    reply = command.reply(execute(plate))
    return Reply(parts=reply) if isinstance(reply, LongRange) else Reply(reply)


def run_adds(adds: Sequence[Add], plate: PlateId) -> list[Any]:
    """Run several XADDs together, in order; the reply or the Refusal of each.

    Raises TooManyRequests, Unavailable for all of them.
    """
    outcomes = again_after_conflict(execute_all)(plate, adds)
    return [
        outcome if isinstance(outcome, Refusal) else add.reply(outcome)
        for add, outcome in zip(adds, outcomes, strict=True)
    ]
