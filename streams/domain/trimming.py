"""MAXLEN and MINID: how far to trim, and the grammar that XADD and XTRIM share."""

from dataclasses import dataclass

from streams.domain.arguments import Arguments, parse_integer
from streams.domain.errors import InvalidCommand
from streams.domain.ids import EntryId, parse_id
from streams.domain.nodes import IMPLICIT_LIMIT


@dataclass(frozen=True, slots=True)
class Threshold:
    """How far a stream is to be trimmed: either `max_length` or `min_id` is set.

    With `approximate`, only whole storage nodes are removed, with at most `limit` entries (0: no
    limit).
    """

    max_length: int | None = None
    min_id: EntryId | None = None
    approximate: bool = False
    limit: int = 0

    def may_remove(self, length: int, first: EntryId) -> bool:
        """Whether a stream of this length and with this first ID goes beyond the threshold."""
        if self.max_length is not None:
            return length > self.max_length
        assert self.min_id is not None
        return length > 0 and first < self.min_id


@dataclass(slots=True)
class TrimOptions:
    """The trim options read so far from the words of XADD or XTRIM."""

    strategy: str = ""
    max_length: int | None = None
    min_id: EntryId | None = None
    approximate: bool = False
    limit: int | None = None

    def take(self, arguments: Arguments) -> bool:
        """Read one option; False: the next words are none. Raises InvalidCommand (TRIM-1 to 5)."""
        if strategy := arguments.take_keyword("MAXLEN", "MINID", followed_by=1):
            self._take_strategy(strategy, arguments)
        elif arguments.take_keyword("LIMIT", followed_by=1):
            self.limit = parse_limit(arguments.take())
        else:
            return False
        return True

    def threshold(self) -> Threshold | None:
        """The threshold; None: there is no trim option. Raises InvalidCommand (TRIM-8 to 10)."""
        if not self.strategy and not self.limit:
            self._refuse_exact_limit()
            return None
        return self.required_threshold()

    def required_threshold(self) -> Threshold:
        """The threshold, for a command that must have one. Raises InvalidCommand (TRIM-8 to 10)."""
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
        """Read the threshold of MAXLEN or MINID. Raises InvalidCommand (TRIM-2, TRIM-3)."""
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
        # `~` or `=` as the last word is read as the threshold (TRIM-1).
        operator = arguments.take_keyword("~", "=", followed_by=1)
        self.approximate = operator == "~"
        self.set_threshold(strategy, arguments.take())


def parse_limit(word: str) -> int:
    """The value of LIMIT; 0: no limit. Raises InvalidCommand (TRIM-5)."""
    limit = parse_integer(word)
    if limit < 0:
        raise InvalidCommand("ERR The LIMIT argument must be >= 0.")
    return limit


def _parse_max_length(word: str) -> int:
    max_length = parse_integer(word)
    if max_length < 0:
        raise InvalidCommand("ERR The MAXLEN argument must be >= 0.")
    return max_length
