"""XAUTOCLAIM: walk the pending entries list, and take over entries that have been idle."""

from dataclasses import dataclass
from typing import Any, ClassVar

from streams import clock
from streams.commands.contract import OneConsumer
from streams.domain.arguments import Arguments, parse_integer
from streams.domain.claims import ClaimRules, Scan
from streams.domain.errors import InvalidCommand, syntax_error
from streams.domain.ids import EntryId, parse_range_start
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope
from streams.operations import claiming

DEFAULT_COUNT = 100
HIGHEST_COUNT = 576_460_752_303_423_487
"""The greatest COUNT of XAUTOCLAIM (XAC-2)."""


@dataclass(frozen=True, slots=True)
class AutoClaim(OneConsumer):
    """XAUTOCLAIM key group consumer min-idle-time start [COUNT n] [JUSTID]

    Replies with [cursor, claimed entries or IDs, IDs whose entry is gone]. The cursor is the start
    of the next call; 0-0 says that the end of the list was reached (XAC-8, XAC-9).
    """

    name: ClassVar = "XAUTOCLAIM"
    arity: ClassVar = -6
    scope: ClassVar = Scope.WRITE

    key: str
    group: str
    consumer: str
    min_idle_ms: int
    start: EntryId
    count: int = DEFAULT_COUNT
    just_ids: bool = False

    @classmethod
    def parse(cls, arguments: Arguments) -> "AutoClaim":
        """Check in the order of XAC-1. Raises InvalidCommand."""
        key, group, consumer = arguments.take(), arguments.take(), arguments.take()
        min_idle_ms = arguments.take_integer("ERR Invalid min-idle-time argument for XAUTOCLAIM")
        start = parse_range_start(arguments.take())
        count, just_ids = DEFAULT_COUNT, False
        while arguments.left:
            if arguments.take_keyword("COUNT", followed_by=1):
                count = parse_count(arguments.take())
            elif arguments.take_keyword("JUSTID"):
                just_ids = True
            else:
                raise syntax_error()
        return cls(key, group, consumer, min_idle_ms, start, count, just_ids)

    async def execute(self, plate: PlateId) -> Scan:
        """Raises NoGroup."""
        async with claiming.claimant(plate, self.key, self.group, self.consumer) as claimant:
            now_ms = clock.now_ms()
            rules = ClaimRules(now_ms, self.min_idle_ms, now_ms, just_ids=self.just_ids)
            return await claimant.claim_idle(self.start, rules, count=self.count)

    def reply(self, result: Scan) -> list[Any]:
        claims = result.claims
        return [
            str(result.cursor),
            claims.ids() if self.just_ids else claims.entries(),
            [str(entry_id) for entry_id in claims.deleted],
        ]


def parse_count(word: str) -> int:
    """The COUNT of XAUTOCLAIM. Raises InvalidCommand (XAC-2)."""
    refusal = "ERR COUNT must be > 0"
    count = parse_integer(word, refusal)
    if not 1 <= count <= HIGHEST_COUNT:
        raise InvalidCommand(refusal)
    return count
