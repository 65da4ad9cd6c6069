"""What every command is: the contract between the families and those who run them."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, ClassVar, Protocol, Self

from streams.domain.arguments import Arguments
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
    def makes_stream(self) -> bool:
        return False

    def without_blocking(self) -> Self:
        return self
