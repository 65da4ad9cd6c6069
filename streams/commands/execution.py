"""The one way to run a command: every command of every request passes here."""

from typing import Any, NamedTuple

from streams.commands.contract import Command
from streams.domain.plates import PlateId
from streams.rounds.conflicts import tried_again
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

    Inside a transaction the conflict is left to whoever runs the whole of it.
    """
    reply = command.reply(tried_again(lambda: command.execute(plate)))
    return Reply(parts=reply) if isinstance(reply, LongRange) else Reply(reply)
