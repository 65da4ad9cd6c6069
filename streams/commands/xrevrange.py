"""XREVRANGE: read the entries between two IDs, newest first."""

from dataclasses import dataclass
from typing import ClassVar

from streams.commands.xrange import Range
from streams.domain.arguments import Arguments


@dataclass(frozen=True, slots=True)
class ReverseRange(Range):
    """XREVRANGE key end start [COUNT n]

    As XRANGE, but newest first. The start is still checked before the end (XRANGE-3).
    """

    name: ClassVar = "XREVRANGE"
    newest_first: ClassVar = True

    @classmethod
    def parse(cls, arguments: Arguments) -> "ReverseRange":
        key, end, start = arguments.take(), arguments.take(), arguments.take()
        return cls._parsed(key, start, end, arguments)
