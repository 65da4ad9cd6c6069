"""What every command is: the contract between the families and those who run them."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, ClassVar, Protocol, Self

from streams import conf
from streams.domain.arguments import Arguments
from streams.domain.errors import TooLarge
from streams.domain.plates import PlateId


class Scope(IntEnum):
    """What a key must be good for. Each scope includes those before it."""

    READ = 1
    WRITE = 2
    MANAGE = 3


class Command(Protocol):
    """A command with its arguments, ready to run."""

    scope: ClassVar[Scope]

    def execute(self, plate: PlateId) -> Any:
        """Do it; returns domain values. Raises a Refusal, having changed nothing."""

    def reply(self, result: Any) -> Any:
        """What `execute` returned, in plain JSON values."""


class NamedCommand(Command, Protocol):
    """A command that Redis words can spell."""

    name: ClassVar[str]
    # Words with the command's name; negative: at least so many (GEN-5).
    arity: ClassVar[int]

    @classmethod
    def parse(cls, arguments: Arguments) -> Self:
        """Read the words after the name. Raises a Refusal for what the text alone can tell."""

    @property
    def keys(self) -> Sequence[str]:
        """The streams that the command names."""

    @property
    def groups(self) -> Sequence[tuple[str, str]]:
        """The consumer groups that it changes, by key and name."""

    @property
    def makes_stream(self) -> bool:
        """Whether it creates the streams that it names and does not find."""

    def without_blocking(self) -> Self:
        """The same as it runs inside a batch: answered at once (BLK-2)."""


class OneStream:
    """The common case of `NamedCommand`: one key, nothing made, no blocking."""

    __slots__ = ()

    key: str

    @property
    def keys(self) -> Sequence[str]:
        return (self.key,)

    @property
    def groups(self) -> Sequence[tuple[str, str]]:
        return ()

    @property
    def makes_stream(self) -> bool:
        return False

    def without_blocking(self) -> Self:
        return self


class OneGroup(OneStream):
    """A command of one consumer group."""

    __slots__ = ()

    group: str

    @property
    def groups(self) -> Sequence[tuple[str, str]]:
        return ((self.key, self.group),)


class Help:
    """The HELP of a command with subcommands: names no stream, touches nothing."""

    __slots__ = ()

    name: ClassVar[str]
    arity: ClassVar = 2
    scope: ClassVar = Scope.READ
    lines: ClassVar[Sequence[str]]

    keys: ClassVar[Sequence[str]] = ()
    groups: ClassVar[Sequence[tuple[str, str]]] = ()
    makes_stream: ClassVar = False

    @classmethod
    def parse(cls, arguments: Arguments) -> Self:
        return cls()

    def execute(self, plate: PlateId) -> Sequence[str]:
        return self.lines

    def reply(self, result: Sequence[str]) -> Sequence[str]:
        return result

    def without_blocking(self) -> Self:
        return self


def check_number(number: int, things: str) -> None:
    """Raises TooLarge if that is more IDs, or streams, than one command may name."""
    limit = conf.limit("STREAMS_MAX_BATCH")
    if number > limit:
        raise TooLarge(f"a command may name at most {limit} {things}")


def capped_block_ms(block_ms: int) -> int:
    """How long a reader may block; 0 is as long as the server allows."""
    longest = conf.limit("STREAMS_MAX_BLOCK_MS")
    return min(block_ms or longest, longest)
