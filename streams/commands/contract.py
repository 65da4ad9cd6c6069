"""What every command offers to the code that runs commands."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from streams import conf
from streams.domain.arguments import Arguments
from streams.domain.errors import InvalidCommand, TooLarge
from streams.domain.plates import PlateId
from streams.domain.scopes import Scope

SHORT_COUNT = 10
"""How many entries a read may ask for that shares a round with those of others."""


class Names(NamedTuple):
    """Every name in a command: streams by their keys, consumer groups, consumers."""

    keys: Sequence[str] = ()
    groups: Sequence[str] = ()
    consumers: Sequence[str] = ()


class Locks(NamedTuple):
    """What a transaction locks before its first command runs, so that there are no deadlocks."""

    streams: Sequence[str] = ()
    # Pairs of a stream's key and a group's name.
    groups: Sequence[tuple[str, str]] = ()
    # Whether the command creates missing streams.
    makes_streams: bool = False


class Command(Protocol):
    """A command with its arguments, ready to run."""

    # As Redis' documentation spells it, and as the log shows it: `XADD`, `XGROUP CREATE`.
    name: ClassVar[str]
    # The scope that an API key needs to run it.
    scope: ClassVar[Scope]
    # Whether it may wait for entries.
    can_block: ClassVar[bool]

    @property
    def is_short(self) -> bool:
        """Whether it only reads, at most SHORT_COUNT entries by their keys: it goes in rounds."""

    async def execute(self, plate: PlateId) -> Any:
        """Run it; returns domain values. Raises a Refusal, and has then changed nothing."""

    def reply(self, result: Any) -> Any:
        """Turn the result of `execute` into JSON values."""


class RedisCommand(Command, Protocol):
    """A command that Redis words can spell."""

    # How many words it has, its name included; -n: n or more (GEN-5).
    arity: ClassVar[int]

    @classmethod
    def parse(cls, arguments: Arguments) -> Self:
        """Read the words after the name. Raises a Refusal if they are wrong whatever is stored."""

    @property
    def names(self) -> Names:
        """All that the command names; `check_names` checks their lengths."""

    @property
    def locks(self) -> Locks:
        """What a transaction must lock for it."""

    def without_blocking(self) -> Self:
        """The command as a batch runs it: it replies at once (BLK-2)."""


class OneStream:
    """The common case of a `RedisCommand`: it names one stream, creates none, and never waits."""

    __slots__ = ()

    can_block: ClassVar = False

    key: str

    @property
    def is_short(self) -> bool:
        return False

    @property
    def names(self) -> Names:
        return Names([self.key])

    @property
    def locks(self) -> Locks:
        return Locks([self.key])

    def without_blocking(self) -> Self:
        return self


class OneGroup(OneStream):
    """A command that changes one consumer group."""

    __slots__ = ()

    group: str

    @property
    def names(self) -> Names:
        return Names([self.key], [self.group])

    @property
    def locks(self) -> Locks:
        return Locks([self.key], [(self.key, self.group)])


class OneConsumer(OneGroup):
    """A command that changes one consumer group on behalf of one of its consumers."""

    __slots__ = ()

    consumer: str

    @property
    def names(self) -> Names:
        return Names([self.key], [self.group], [self.consumer])


class Help:
    """The HELP of a command with subcommands. It reads and changes nothing."""

    __slots__ = ()

    name: ClassVar[str]
    arity: ClassVar = 2
    scope: ClassVar = Scope.READ
    can_block: ClassVar = False
    is_short: ClassVar = False
    lines: ClassVar[Sequence[str]]

    names: ClassVar = Names()
    locks: ClassVar = Locks()

    @classmethod
    def parse(cls, arguments: Arguments) -> Self:
        return cls()

    async def execute(self, plate: PlateId) -> Sequence[str]:
        return self.lines

    def reply(self, result: Sequence[str]) -> Sequence[str]:
        return result

    def without_blocking(self) -> Self:
        return self


def check_names(command: RedisCommand) -> None:
    """Raises InvalidCommand if one of the names in a command's words is too long.

    A typed endpoint's shape has checked its names already, by `streams.api.shapes.check_name`.
    """
    for kind, names in zip(("key", "group", "consumer"), command.names, strict=True):
        for name in names:
            check_length(kind, name)


def check_length(what: str, name: str) -> None:
    """Raises InvalidCommand for a name that an index could not hold; Redis has no such limit."""
    limit = conf.limit("STREAMS_MAX_NAME_BYTES")
    if len(name.encode()) > limit:
        raise InvalidCommand(f"ERR {what} may be at most {limit} bytes long")


def check_number(
    number: int,
    things: str,
    subject: str = "a command may name",
    *,
    limit: str = "STREAMS_MAX_BATCH",
) -> None:
    """Raises TooLarge if there are more things (IDs, streams, items) than the limit of that name.

    The message begins with the subject: "a command may name at most 10000 IDs".
    """
    most = conf.limit(limit)
    if number > most:
        raise TooLarge(f"{subject} at most {most} {things}")


def capped_block_ms(block_ms: int) -> int:
    """How long a reader may wait, in ms: at most STREAMS_MAX_BLOCK_MS, which 0 asks for."""
    longest = conf.limit("STREAMS_MAX_BLOCK_MS")
    return min(block_ms or longest, longest)
