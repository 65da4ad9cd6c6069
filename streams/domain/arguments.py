"""A cursor over the words of a command, and functions that read single words."""

import re
from collections.abc import Sequence

from streams.domain.errors import InvalidCommand, syntax_error

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_LONGEST_INTEGER = 20
_NOT_AN_INTEGER = "ERR value is not an integer or out of range"


class Arguments:
    """The words after a command's name, read from left to right.

    Keywords match in upper and lower case, of ASCII letters only (GEN-1). All other words are the
    user's text and are taken literally.
    """

    def __init__(self, words: Sequence[str], subcommand: str = "") -> None:
        self._words = words
        self._position = 0
        # As the user typed it, for the refusals that repeat it (GEN-7).
        self.subcommand = subcommand

    @property
    def left(self) -> int:
        """How many words have not been read yet."""
        return len(self._words) - self._position

    def take(self) -> str:
        """The next word. Raises InvalidCommand (syntax error) if there is none."""
        if not self.left:
            raise syntax_error()
        word = self._words[self._position]
        self._position += 1
        return word

    def take_rest(self) -> list[str]:
        """All the words that have not been read yet."""
        rest = list(self._words[self._position :])
        self._position = len(self._words)
        return rest

    def take_keyword(self, *keywords: str, followed_by: int = 0) -> str | None:
        """Take the next word if it is one of the keywords and at least `followed_by` words follow.

        Returns the keyword in upper case. Otherwise returns None and takes nothing.
        """
        word = self.peek_keyword()
        if word in keywords and self.left > followed_by:
            self._position += 1
            return word
        return None

    def peek(self) -> str:
        """The next word without taking it; the empty string at the end."""
        return self._words[self._position] if self.left else ""

    def peek_keyword(self) -> str:
        """The next word in upper case if it could be a keyword, without taking it."""
        return keyword(self.peek())

    def take_integer(self, refusal: str = _NOT_AN_INTEGER) -> int:
        """The next word as a signed 64-bit integer. Raises InvalidCommand(refusal) (GEN-9)."""
        return parse_integer(self.take(), refusal)


def keyword(word: str) -> str:
    """The word in upper case; only ASCII letters have another case in Redis (GEN-1)."""
    return word.upper() if word.isascii() else word


def parse_integer(word: str, refusal: str = _NOT_AN_INTEGER) -> int:
    """A signed 64-bit integer in canonical decimal form. Raises InvalidCommand (GEN-9)."""
    if len(word) <= _LONGEST_INTEGER and _INTEGER.match(word):
        value = int(word)
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return value
    raise InvalidCommand(refusal)
