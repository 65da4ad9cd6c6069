"""The one way to run a command: all commands of all requests are run here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from streams.commands.contract import Command
from streams.commands.xadd import Add, execute_all
from streams.domain.errors import Refusal
from streams.domain.plates import PlateId
from streams.rounds import reads
from streams.rounds.conflicts import again_after_conflict, repeated
from streams.store.entries import LongRange, all_of


class Reply(NamedTuple):
    """A reply in JSON values, or in parts if it is a list too long to hold in memory."""

    value: Any = None
    # Each part is a list of elements; None: `value` is the whole reply.
    parts: LongRange | None = None

    @again_after_conflict
    async def whole(self) -> Any:
        """The complete reply in memory, however long it is; read again after a conflict."""
        return self.value if self.parts is None else await all_of(self.parts)


async def run(command: Command, plate: PlateId) -> Reply:
    """Execute the command, and again after a conflict with another transaction. Raises Refusal.

    Inside a transaction it raises Conflict, because the whole transaction must be run again.
    """
    if command.is_short:
        with reads.gathered(plate):
            result = await repeated(command.execute, plate)
    elif command.can_block:
        # It repeats each of its looks and attempts instead: so it keeps its deadline, and the IDs
        # that `$` stood for.
        result = await command.execute(plate)
    else:
        result = await repeated(command.execute, plate)
    reply = command.reply(result)
    return Reply(parts=reply) if isinstance(reply, LongRange) else Reply(reply)


async def run_adds(adds: Sequence[Add], plate: PlateId) -> list[Any]:
    """Run several XADDs together, in order; returns the reply or the Refusal of each.

    Raises TooManyRequests or Unavailable if none of them can be run.
    """
    outcomes = await repeated(execute_all, plate, adds)
    return [
        outcome if isinstance(outcome, Refusal) else add.reply(outcome)
        for add, outcome in zip(adds, outcomes, strict=True)
    ]
