"""Several commands in one request: pipelines and transactions.

A command that is no command, or whose words are refused, is carried along as its `Refusal`, to
be met in its turn.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby
from typing import Any

from streams.bounds import queued_appends
from streams.commands import append
from streams.commands.conflicts import tried_again
from streams.commands.contract import NamedCommand
from streams.domain.errors import Refusal, TooManyRequests, Unavailable
from streams.domain.plates import PlateId, StreamName
from streams.store import entries, groups, streams

Outcome = Any
"""A command's reply in plain JSON values, or its Refusal."""


class TransactionRefused(Exception):
    """The command at `index` was refused, so the transaction changed nothing."""

    def __init__(self, index: int, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.index = index
        self.refusal = refusal


def run_pipeline(plate: PlateId, commands: Sequence[NamedCommand | Refusal]) -> list[Outcome]:
    """Run each command by itself, in order; one that is refused does not stop the others.

    Adds that stand next to each other are committed together.
    """
    outcomes: list[Outcome] = []
    for are_adds, run in groupby(commands, key=lambda command: isinstance(command, append.Add)):
        if are_adds:
            adds = [command for command in run if isinstance(command, append.Add)]
            try:
                outcomes += _run_adds(plate, adds)
            except (TooManyRequests, Unavailable) as refusal:
                if not outcomes:
                    raise
                # What ran before is done, and must not look as if it could be sent again.
                outcomes += [refusal] * len(adds)
        else:
            outcomes += [_outcome(plate, command) for command in run]
    return outcomes


def run_transaction(plate: PlateId, commands: Sequence[NamedCommand | Refusal]) -> list[Outcome]:
    """Run all the commands in one database transaction; returns their replies.

    Raises TransactionRefused if one is refused: nothing is changed then. Its appends count as
    queued from the start; raises TooManyRequests or Unavailable if there are too many.
    """
    adds = sum(len(command.entries) for command in commands if isinstance(command, append.Add))
    with queued_appends.admitted(plate, adds) if adds else nullcontext():
        return tried_again(lambda: _transacted(plate, commands))


def _transacted(plate: PlateId, commands: Sequence[NamedCommand | Refusal]) -> list[Outcome]:
    names, made = (_names(plate, commands, made=made) for made in (False, True))
    with streams.reserved(names, make=made):
        # Groups after streams, and all before the first command: hardly ever a deadlock.
        groups.lock_many(plate, _groups(commands))
        return list(_replies(plate, commands))


def _run_adds(plate: PlateId, adds: Sequence[append.Add]) -> Iterator[Outcome]:
    outcomes = tried_again(lambda: append.execute_all(plate, adds))
    for add, outcome in zip(adds, outcomes, strict=True):
        yield outcome if isinstance(outcome, Refusal) else add.reply(outcome)


def _outcome(plate: PlateId, command: NamedCommand | Refusal) -> Outcome:
    try:
        return tried_again(lambda: _reply(plate, command))
    except Refusal as refusal:
        return refusal


def _replies(plate: PlateId, commands: Sequence[NamedCommand | Refusal]) -> Iterator[Outcome]:
    for index, command in enumerate(commands):
        try:
            yield _reply(plate, command)
        except Refusal as refusal:
            raise TransactionRefused(index, refusal) from refusal


def _reply(plate: PlateId, command: NamedCommand | Refusal) -> Any:
    if isinstance(command, Refusal):
        raise command
    command = command.without_blocking()
    reply = command.reply(command.execute(plate))
    # The replies of a batch leave together, so they must all be there.
    return entries.all_of(reply) if isinstance(reply, entries.LongRange) else reply


def _names(
    plate: PlateId, commands: Sequence[NamedCommand | Refusal], *, made: bool
) -> list[StreamName]:
    """The streams that the commands name; with `made`, only those that they create if missing."""
    named = [c for c in commands if not isinstance(c, Refusal) and (c.makes_stream or not made)]
    return [StreamName(plate, key) for key in sorted({key for c in named for key in c.keys})]


def _groups(commands: Sequence[NamedCommand | Refusal]) -> set[tuple[str, str]]:
    return {group for c in commands if not isinstance(c, Refusal) for group in c.groups}
