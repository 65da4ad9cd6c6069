"""MAXLEN and MINID: what a trim asks for, and the grammar that XADD and XTRIM share."""

from dataclasses import dataclass

from streams.domain.arguments import Arguments, parse_integer
from streams.domain.errors import InvalidCommand
from streams.domain.ids import EntryId, parse_id
from streams.domain.nodes import IMPLICIT_LIMIT


@dataclass(frozen=True, slots=True)
class Threshold:
    """How far a stream is to be trimmed: either `max_length` or `min_id` is set.

    With `approximate` only whole storage nodes go, and at most `limit` entries; 0 is no limit.
    """

    max_length: int | None = None
    min_id: EntryId | None = None
    approximate: bool = False
    limit: int = 0

    def may_remove(self, length: int, first: EntryId) -> bool:
        """Whether a stream of that length and first entry has anything beyond the threshold."""
        if self.max_length is not None:
            return length > self.max_length
        assert self.min_id is not None
        return length > 0 and first < self.min_id


@dataclass(slots=True)
class TrimOptions:
    """The trim options met so far while the words of XADD or XTRIM are read."""

    strategy: str = ""
    max_length: int | None = None
    min_id: EntryId | None = None
    approximate: bool = False
    limit: int | None = None

    def take(self, arguments: Arguments) -> bool:
        """Read one option if the next words are one. Raises InvalidCommand (TRIM-1 to 5)."""
        if strategy := arguments.take_keyword("MAXLEN", "MINID", followed_by=1):
            self._take_strategy(strategy, arguments)
        elif arguments.take_keyword("LIMIT", followed_by=1):
            self.limit = parse_limit(arguments.take())
        else:
            return False
        return True

    def threshold(self) -> Threshold | None:
        """What was asked for, after the cross-checks TRIM-8 to 10; None if nothing was."""
        if not self.strategy and not self.limit:
            self._refuse_exact_limit()
            return None
        return self.required_threshold()

    def required_threshold(self) -> Threshold:
        """The same where a trim must be asked for. Raises InvalidCommand."""
        if self.limit and not self.strategy:
            raise InvalidCommand(
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
            )
        if not self.strategy:
            raise InvalidCommand("ERR syntax error, XTRIM must be called with a trimming strategy")
        self._refuse_exact_limit()
        limit = self.limit if self.limit is not None else IMPLICIT_LIMIT
        return Threshold(
            self.max_length, self.min_id, self.approximate, limit if self.approximate else 0
        )

    def _refuse_exact_limit(self) -> None:
        if self.limit is not None and not self.approximate:
            raise InvalidCommand(
                "ERR syntax error, LIMIT cannot be used without the special ~ option"
            )

    def set_threshold(self, strategy: str, threshold: str) -> None:
        """Take the threshold of MAXLEN or MINID. Raises InvalidCommand (TRIM-2, TRIM-3)."""
        self.strategy = strategy
        if strategy == "MAXLEN":
            self.max_length = _parse_max_length(threshold)
        else:
            self.min_id = parse_id(threshold)

    def _take_strategy(self, strategy: str, arguments: Arguments) -> None:
        if self.strategy:
            raise InvalidCommand(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
            )
        # An operator is one only if a threshold can follow it (TRIM-1).
        operator = arguments.take_keyword("~", "=", followed_by=1)
        self.approximate = operator == "~"
        self.set_threshold(strategy, arguments.take())


def parse_limit(word: str) -> int:
    """The value of LIMIT; 0 is no limit (TRIM-5)."""
    limit = parse_integer(word)
    if limit < 0:
        raise InvalidCommand("ERR The LIMIT argument must be >= 0.")
    return limit


def _parse_max_length(word: str) -> int:
    max_length = parse_integer(word)
    if max_length < 0:
        raise InvalidCommand("ERR The MAXLEN argument must be >= 0.")
    return max_length
