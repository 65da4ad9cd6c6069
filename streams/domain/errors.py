"""Every refusal: an expected error reply, with the text that a client sees.

    Refusal
    ├── InvalidCommand          Redis ERR about the arguments
    ├── NoSuchKey               the stream does not exist
    ├── NoGroup                 Redis NOGROUP
    ├── BusyGroup               Redis BUSYGROUP
    ├── IdConflict              the ID is not above the top, or the stream is exhausted
    ├── UnsupportedCommand      a command outside the allowed list
    ├── InvalidRequest          a member of the request is missing or wrong
    ├── InvalidQuery            a query parameter is missing or wrong
    ├── TooLarge                an entry or batch over its limit
    ├── TooManyRequests         a plate is over one of its bounds
    └── Unavailable             the database or the process cannot serve now

A refusal is raised before anything was changed (GEN-13). `streams.api.errors` maps it to the status
and code of HTTP.
"""


class Refusal(Exception):
    """A command or request that is answered with an error; `text` is what the client reads."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvalidCommand(Refusal):
    """The words of a command are wrong: arity, syntax, integers, IDs."""


class NoSuchKey(Refusal):
    """The command needs a stream that does not exist."""


class NoGroup(Refusal):
    """The stream or the consumer group that the command names does not exist."""


class BusyGroup(Refusal):
    """A consumer group of this name exists already (XGROUP-5)."""


class IdConflict(Refusal):
    """The ID is not greater than what the stream has seen, or no ID is left."""

    # The index, from 0, of the entry of an XADD that is refused; None: it was not an XADD.
    entry_index: int | None = None


class UnsupportedCommand(Refusal):
    """The command is outside the allowed list."""


class InvalidRequest(Refusal):
    """The request's shape is wrong; `text` names the member."""


class InvalidQuery(Refusal):
    """The query's parameters are wrong; `text` names the parameter."""


class TooLarge(Refusal):
    """An entry, a batch or a body is over its limit; `text` names the limit."""


class TooManyRequests(Refusal):
    """The plate has reached one of its bounds; trying again later may work."""


class Unavailable(Refusal):
    """The database or this process cannot serve now; trying again later may work."""


def echo(text: str) -> str:
    """The user's text as Redis shows it in an error: cut at NUL, line ends as spaces (GEN-10)."""
    return text.partition("\0")[0].replace("\r", " ").replace("\n", " ")


def wrong_arity(name: str) -> InvalidCommand:
    """The refusal of a wrong number of words; `name` as in `xadd`, `xgroup|create` (GEN-4)."""
    return InvalidCommand(f"ERR wrong number of arguments for '{name}' command")


def syntax_error() -> InvalidCommand:
    """The refusal of words that do not fit the command's grammar (GEN-8)."""
    return InvalidCommand("ERR syntax error")


def sub_syntax_error(container: str, subcommand: str) -> InvalidCommand:
    """The refusal of a subcommand's words; `subcommand` as the user typed it (GEN-7)."""
    return InvalidCommand(
        f"ERR unknown subcommand or wrong number of arguments for '{echo(subcommand)}'."
        f" Try {container} HELP."
    )


def no_such_key() -> NoSuchKey:
    """The reply of XINFO and XSETID to a missing stream (XINFO-2, XSETID-2)."""
    return NoSuchKey("ERR no such key")
