"""All the commands of Redis by name, and how its words become a command."""

from collections.abc import Mapping, Sequence

from streams.commands import (
    xack,
    xadd,
    xautoclaim,
    xclaim,
    xdel,
    xgroup,
    xinfo,
    xlen,
    xpending,
    xrange,
    xread,
    xreadgroup,
    xrevrange,
    xsetid,
    xtrim,
)
from streams.commands.contract import RedisCommand, check_names
from streams.domain.arguments import Arguments, keyword
from streams.domain.errors import InvalidCommand, UnsupportedCommand, echo, wrong_arity
from streams.domain.read_options import index_of_keys
from streams.domain.scopes import Scope

LONGEST_ECHO = 128
"""How many characters of an unknown name its refusal repeats (GEN-6)."""


COMMANDS: Mapping[str, type[RedisCommand]] = {
    command.name: command
    for command in (
        xadd.Add,
        xlen.Length,
        xrange.Range,
        xrevrange.ReverseRange,
        xread.Read,
        xtrim.Trim,
        xdel.Delete,
        xsetid.SetId,
        xinfo.InfoStream,
        xinfo.InfoGroups,
        xinfo.InfoConsumers,
        xinfo.InfoHelp,
        xgroup.CreateGroup,
        xgroup.SetGroupId,
        xgroup.DestroyGroup,
        xgroup.CreateConsumer,
        xgroup.DeleteConsumer,
        xgroup.GroupHelp,
        xreadgroup.ReadGroup,
        xack.Acknowledge,
        xpending.Pending,
        xclaim.Claim,
        xautoclaim.AutoClaim,
    )
}

CONTAINERS = {name.partition(" ")[0] for name in COMMANDS if " " in name}
"""First words of the commands with two words in their names."""

SIMPLE = {name for name in COMMANDS if " " not in name}
"""Commands with one word in their names."""


def parse(words: Sequence[str]) -> RedisCommand:
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
    check_names(parsed)
    return parsed


def scope_of(words: Sequence[str]) -> Scope:
    """The scope that an API key needs to run these words. Raises UnsupportedCommand.

    A subcommand that does not exist needs only READ: any client may see that refusal.
    """
    name = name_of(words)
    if name is None:
        raise _unsupported(words[0])
    return COMMANDS[name].scope if name in COMMANDS else Scope.READ


def name_of(words: Sequence[str]) -> str | None:
    """The name of the command that the words begin with, such as `XINFO STREAM`; None: unknown.

    If the subcommand does not exist, this is the first word alone.
    """
    name = keyword(words[0])
    if name not in CONTAINERS:
        return name if name in SIMPLE else None
    whole = f"{name} {keyword(words[1])}" if len(words) > 1 else name
    return whole if whole in COMMANDS else name


def with_key(words: Sequence[str], key: str) -> list[str]:
    """The words with the key inserted where the command expects it.

    That is after the name, after the subcommand, or after STREAMS. Raises InvalidCommand if XREAD
    or XREADGROUP has no STREAMS.
    """
    name, *arguments = words
    match keyword(name):
        case "XREAD" | "XREADGROUP":
            index = index_of_keys(arguments)
        case container if container in CONTAINERS:
            index = 1
        case _:
            index = 0
    return [name, *arguments[:index], key, *arguments[index:]]


def _unsupported(name: str) -> UnsupportedCommand:
    return UnsupportedCommand(f"unsupported command '{echo(name)[:LONGEST_ECHO]}'")


def _subcommand(container: str, arguments: Sequence[str]) -> type[RedisCommand]:
    if not arguments:
        raise wrong_arity(container.lower())
    name = f"{container} {keyword(arguments[0])}"
    if name not in COMMANDS:
        shown = arguments[0].encode()[:LONGEST_ECHO].decode(errors="ignore")
        raise InvalidCommand(f"ERR unknown subcommand '{echo(shown)}'. Try {container} HELP.")
    return COMMANDS[name]


def _check_arity(command: type[RedisCommand], count: int) -> None:
    if count != command.arity if command.arity > 0 else count < -command.arity:
        # Redis joins command and subcommand by a bar (GEN-4).
        raise wrong_arity(command.name.lower().replace(" ", "|"))
