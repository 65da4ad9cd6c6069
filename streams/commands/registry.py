"""All the commands by name, and the way from Redis words to a command."""

from collections.abc import Mapping, Sequence

from streams import conf
from streams.commands import (
    append,
    claims,
    deliveries,
    groups,
    info,
    pending,
    ranges,
    reads,
    removal,
)
from streams.commands.contract import NamedCommand, Scope
from streams.domain.arguments import Arguments, keyword
from streams.domain.errors import (
    InvalidCommand,
    UnsupportedCommand,
    echo,
    syntax_error,
    wrong_arity,
)

LONGEST_ECHO = 128
"""How much of an unknown name its refusal repeats (GEN-6)."""


COMMANDS: Mapping[str, type[NamedCommand]] = {
    command.name: command
    for command in (
        append.Add,
        ranges.Length,
        ranges.Range,
        ranges.ReverseRange,
        reads.Read,
        removal.Trim,
        removal.Delete,
        removal.SetId,
        info.InfoStream,
        info.InfoGroups,
        info.InfoConsumers,
        info.InfoHelp,
        groups.CreateGroup,
        groups.SetGroupId,
        groups.DestroyGroup,
        groups.CreateConsumer,
        groups.DeleteConsumer,
        groups.GroupHelp,
        deliveries.ReadGroup,
        deliveries.Acknowledge,
        pending.Pending,
        claims.Claim,
        claims.AutoClaim,
    )
}

CONTAINERS = {name.partition("|")[0] for name in COMMANDS if "|" in name}
"""Commands that are told apart by a second word."""

SIMPLE = {name for name in COMMANDS if "|" not in name}
"""Commands of one word."""


def parse(words: Sequence[str]) -> NamedCommand:
    """The command that the words spell. Raises UnsupportedCommand, InvalidCommand."""
    name = keyword(words[0])
    if name in CONTAINERS:
        command, arguments = _subcommand(name, words[1:]), Arguments(words[2:], words[1])
    elif name in SIMPLE:
        command, arguments = COMMANDS[name], Arguments(words[1:])
    else:
        raise _unsupported(words[0])
    _check_arity(command, len(words))
    parsed = command.parse(arguments)
    _check_names(parsed)
    return parsed


def scope_of(words: Sequence[str]) -> Scope:
    """What a key must be good for to run these words. Raises UnsupportedCommand.

    A subcommand that does not exist takes what the lowliest of its command takes: its refusal
    is no secret.
    """
    name = keyword(words[0])
    if name in CONTAINERS:
        name = f"{name}|{keyword(words[1])}" if len(words) > 1 else name
        return COMMANDS[name].scope if name in COMMANDS else Scope.READ
    if name not in SIMPLE:
        raise _unsupported(words[0])
    return COMMANDS[name].scope


def name_of(words: Sequence[str]) -> str | None:
    """The name of the command that the words begin with, as `XINFO STREAM`; None: there is none.

    For a subcommand that does not exist, that of its command.
    """
    name = keyword(words[0])
    if name not in CONTAINERS:
        return name if name in SIMPLE else None
    has_subcommand = len(words) > 1 and f"{name}|{keyword(words[1])}" in COMMANDS
    return f"{name} {keyword(words[1])}" if has_subcommand else name


def with_key(words: Sequence[str], key: str) -> list[str]:
    """The words with the key put where the command expects it.

    That is first, after the subcommand, or after STREAMS. Raises InvalidCommand if a reading
    command has no STREAMS.
    """
    name, *arguments = words
    match keyword(name):
        case "XREAD" | "XREADGROUP":
            place = _place_after_streams(arguments)
        case container if container in CONTAINERS:
            place = 1
        case _:
            place = 0
    return [name, *arguments[:place], key, *arguments[place:]]


def _unsupported(name: str) -> UnsupportedCommand:
    return UnsupportedCommand(f"unsupported command '{echo(name)[:LONGEST_ECHO]}'")


def _subcommand(container: str, arguments: Sequence[str]) -> type[NamedCommand]:
    if not arguments:
        raise wrong_arity(container.lower())
    name = f"{container}|{keyword(arguments[0])}"
    if name not in COMMANDS:
        shown = arguments[0].encode()[:LONGEST_ECHO].decode(errors="ignore")
        raise InvalidCommand(f"ERR unknown subcommand '{echo(shown)}'. Try {container} HELP.")
    return COMMANDS[name]


def _check_arity(command: type[NamedCommand], count: int) -> None:
    if count != command.arity if command.arity > 0 else count < -command.arity:
        raise wrong_arity(command.name.lower())


def _check_names(command: NamedCommand) -> None:
    """Refuse names that no index could hold; Redis has no such limit."""
    limit = conf.limit("STREAMS_MAX_NAME_BYTES")
    names = [*command.keys, *(name for _, name in command.groups), getattr(command, "consumer", "")]
    if any(len(name.encode()) > limit for name in names):
        raise InvalidCommand(f"ERR a name may be at most {limit} bytes long")


_OPTION_VALUES = {"COUNT": 1, "BLOCK": 1, "GROUP": 2}
"""How many words follow the options of XREAD and XREADGROUP."""


def _place_after_streams(arguments: Sequence[str]) -> int:
    place = 0
    while place < len(arguments):
        word = keyword(arguments[place])
        if word == "STREAMS":
            return place + 1
        place += 1 + _OPTION_VALUES.get(word, 0)
    raise syntax_error()
