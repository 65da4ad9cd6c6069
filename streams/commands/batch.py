"""Several commands in one request: pipelines and transactions.

If words do not parse, the batch holds their `Refusal` where the command would stand. It becomes
that command's outcome when the batch reaches it.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import nullcontext
from itertools import groupby
from typing import Any

from streams.commands import execution
from streams.commands.contract import Locks, RedisCommand
from streams.commands.xadd import Add
from streams.domain.errors import Refusal
from streams.domain.plates import PlateId, StreamName
from streams.operations import locking
from streams.rounds.bounds import queued_appends
from streams.rounds.conflicts import again_after_conflict

ReplyOrRefusal = Any
"""A command's reply in plain JSON values, or its Refusal."""


class TransactionRefused(Exception):
    """The command at `index` was refused, so the transaction changed nothing."""

    def __init__(self, index: int, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.index = index
        self.refusal = refusal


async def run_pipeline(
    plate: PlateId, commands: Sequence[RedisCommand | Refusal]
) -> list[ReplyOrRefusal]:
    """Run each command by itself, in order; one that is refused does not stop the others.

    XADDs in a row are committed together. Raises a Refusal only if nothing was run before it.
    """
    outcomes: list[ReplyOrRefusal] = []
    for are_adds, run in groupby(commands, key=lambda command: isinstance(command, Add)):
        if are_adds:
            adds = [command for command in run if isinstance(command, Add)]
            try:
                outcomes += await execution.run_adds(adds, plate)
            except Refusal as refusal:
                if not outcomes:
                    raise
                # Earlier commands have run: the client must not be asked to send all again.
                outcomes += [refusal] * len(adds)
        else:
            outcomes += [await _outcome(plate, command) for command in run]
    return outcomes


async def run_transaction(
    plate: PlateId, commands: Sequence[RedisCommand | Refusal]
) -> list[ReplyOrRefusal]:
    """Run all the commands in one database transaction; returns their replies.

    Raises TransactionRefused if one is refused, and nothing is changed then. All its entries count
    as queued from the start: raises TooManyRequests or Unavailable if that is too many.
    """
    adds = sum(len(command.entries) for command in commands if isinstance(command, Add))
    with queued_appends.admitted(plate, adds) if adds else nullcontext():
        return await _transacted(plate, commands)


@again_after_conflict
async def _transacted(
    plate: PlateId, commands: Sequence[RedisCommand | Refusal]
) -> list[ReplyOrRefusal]:
    locks = [command.locks for command in commands if not isinstance(command, Refusal)]
    groups = {group for lock in locks for group in lock.groups}
    made = _streams(plate, (lock for lock in locks if lock.makes_streams))
    async with locking.all_locked(_streams(plate, locks), (plate, groups), make=made):
        return [reply async for reply in _replies(plate, commands)]


def _streams(plate: PlateId, locks: Iterable[Locks]) -> list[StreamName]:
    return [
        StreamName(plate, key) for key in sorted({key for lock in locks for key in lock.streams})
    ]


async def _outcome(plate: PlateId, command: RedisCommand | Refusal) -> ReplyOrRefusal:
    try:
        return await _reply(plate, command)
    except Refusal as refusal:
        return refusal


async def _replies(
    plate: PlateId, commands: Sequence[RedisCommand | Refusal]
) -> AsyncIterator[ReplyOrRefusal]:
    for index, command in enumerate(commands):
        try:
            yield await _reply(plate, command)
        except Refusal as refusal:
            raise TransactionRefused(index, refusal) from refusal


async def _reply(plate: PlateId, command: RedisCommand | Refusal) -> Any:
    if isinstance(command, Refusal):
        raise command
    # The replies of a batch are sent as one document, so each must be complete.
    return await (await execution.run(command.without_blocking(), plate)).whole()
