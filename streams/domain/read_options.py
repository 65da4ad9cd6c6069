"""The grammar that XREAD and XREADGROUP share: the options, then STREAMS with keys and IDs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.domain.arguments import MAX_INTEGER, Arguments, keyword
from streams.domain.errors import InvalidCommand, syntax_error

OPTION_VALUES = {"BLOCK": 1, "COUNT": 1, "GROUP": 2, "NOACK": 0}
"""The options before STREAMS, and how many words follow each."""

_ONLY_OF_XREADGROUP = ("GROUP", "NOACK")


@dataclass(slots=True)
class ReadOptions:
    """What the words ask for."""

    # (group, consumer); None: no GROUP option.
    group: tuple[str, str] | None = None
    # Entries per stream; None: all.
    count: int | None = None
    # None: do not block; 0: block without a time limit.
    block_ms: int | None = None
    no_ack: bool = False
    # Pairs of a key and an ID's text, in the order of the command.
    streams: list[tuple[str, str]] = field(default_factory=list)


def parse_read_options(arguments: Arguments, *, command: str, now_ms: int) -> ReadOptions:
    """Read all words of the command, `xread` or `xreadgroup`; `now_ms` is Unix time.

    Raises InvalidCommand (XREAD-1 to 6).
    """
    options = ReadOptions()
    while not arguments.take_keyword("STREAMS", followed_by=1):
        _take_option(arguments, options, command, now_ms)
    options.streams = _split(arguments.take_rest(), command)
    return options


def index_of_keys(words: Sequence[str]) -> int:
    """The index of the first key in the words of XREAD or XREADGROUP: right after STREAMS.

    Raises InvalidCommand if there is no STREAMS.
    """
    index = 0
    while index < len(words):
        word = keyword(words[index])
        if word == "STREAMS":
            return index + 1
        index += 1 + OPTION_VALUES.get(word, 0)
    raise syntax_error()


def positive_count(count: int | None) -> int | None:
    """How many entries per stream COUNT asks for; None, for 0 and below: all (XREAD-5)."""
    return count if count is not None and count > 0 else None


def check_block_ms(block_ms: int, now_ms: int) -> int:
    """The milliseconds of BLOCK; `now_ms` is Unix time. Raises InvalidCommand (XREAD-6)."""
    if block_ms < 0:
        raise InvalidCommand("ERR timeout is negative")
    if block_ms > MAX_INTEGER - now_ms:
        raise InvalidCommand("ERR timeout is out of range")
    return block_ms


def _take_option(arguments: Arguments, options: ReadOptions, command: str, now_ms: int) -> None:
    option = _take_option_name(arguments)
    if option in _ONLY_OF_XREADGROUP and command == "xread":
        raise InvalidCommand(
            f"ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
        )
    match option:
        case "BLOCK":
            refusal = "ERR timeout is not an integer or out of range"
            options.block_ms = check_block_ms(arguments.take_integer(refusal), now_ms)
        case "COUNT":
            options.count = positive_count(arguments.take_integer())
        case "GROUP":
            options.group = arguments.take(), arguments.take()
        case "NOACK":
            options.no_ack = True


def _take_option_name(arguments: Arguments) -> str:
    for name, values in OPTION_VALUES.items():
        if option := arguments.take_keyword(name, followed_by=values):
            return option
    raise syntax_error()


def _split(words: list[str], command: str) -> list[tuple[str, str]]:
    keys, odd = divmod(len(words), 2)
    if odd:
        ids = "an ID or '>'" if command == "xreadgroup" else "an ID, '+', or '$'"
        raise InvalidCommand(
            f"ERR Unbalanced '{command}' list of streams: for each stream key {ids}"
            " must be specified."
        )
    return list(zip(words[:keys], words[keys:], strict=True))
