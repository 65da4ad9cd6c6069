"""The words that XREAD and XREADGROUP share, up to and including STREAMS keys and IDs."""

from dataclasses import dataclass, field

from streams.domain.arguments import MAX_INTEGER, Arguments, parse_integer
from streams.domain.errors import InvalidCommand, syntax_error


@dataclass(slots=True)
class ReadOptions:
    """What the words asked for."""

    # (group, consumer); None: no GROUP option.
    group: tuple[str, str] | None = None
    # Entries per stream; None: all.
    count: int | None = None
    # Milliseconds, 0 without end; None: do not block.
    block_ms: int | None = None
    no_ack: bool = False
    # Pairs of a key and the text of an ID, in the order of the command.
    streams: list[tuple[str, str]] = field(default_factory=list)


def parse_read_options(arguments: Arguments, *, command: str, now_ms: int) -> ReadOptions:
    """Read all the words of `xread` or `xreadgroup`. Raises InvalidCommand (XREAD-1 to 6)."""
    options = ReadOptions()
    while not options.streams:
        _take_option(arguments, options, command, now_ms)
    return options


def _take_option(arguments: Arguments, options: ReadOptions, command: str, now_ms: int) -> None:
    if arguments.take_keyword("BLOCK", followed_by=1):
        options.block_ms = parse_block(arguments.take(), now_ms)
    elif arguments.take_keyword("COUNT", followed_by=1):
        count = arguments.take_integer()
        options.count = count if count > 0 else None
    elif arguments.take_keyword("STREAMS", followed_by=1):
        options.streams = _split(arguments.take_rest(), command)
    elif arguments.take_keyword("GROUP", followed_by=2):
        _refuse_in_xread("GROUP", command)
        options.group = arguments.take(), arguments.take()
    elif arguments.take_keyword("NOACK"):
        _refuse_in_xread("NOACK", command)
        options.no_ack = True
    else:
        raise syntax_error()


def parse_block(word: str, now_ms: int) -> int:
    """The milliseconds of BLOCK (XREAD-6); `now_ms` is Unix time."""
    block_ms = parse_integer(word, "ERR timeout is not an integer or out of range")
    if block_ms < 0:
        raise InvalidCommand("ERR timeout is negative")
    if block_ms > MAX_INTEGER - now_ms:
        raise InvalidCommand("ERR timeout is out of range")
    return block_ms


def _split(words: list[str], command: str) -> list[tuple[str, str]]:
    keys, odd = divmod(len(words), 2)
    if odd:
        ids = "an ID or '>'" if command == "xreadgroup" else "an ID, '+', or '$'"
        raise InvalidCommand(
            f"ERR Unbalanced '{command}' list of streams: for each stream key {ids}"
            " must be specified."
        )
    return list(zip(words[:keys], words[keys:], strict=True))


def _refuse_in_xread(option: str, command: str) -> None:
    if command == "xread":
        raise InvalidCommand(
            f"ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
        )
