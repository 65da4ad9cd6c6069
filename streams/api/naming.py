"""How messages name what they refuse: the member, and the user's own text."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from streams.domain.errors import InvalidCommand, Refusal

Path = tuple[str | int, ...]
"""The names of members and the indexes in lists that lead to a value."""

LONGEST_SHOWN = 64
"""How many characters of a user's text a message repeats."""

LONGEST_MEMBER = 256
"""How many characters a message names a member with; a longer name lacks its beginning."""


def shown(text: str) -> str:
    """The text as a message repeats it: on one line, and not at any length."""
    if text.isprintable() and len(text) <= LONGEST_SHOWN:
        return text
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in cut
    )


def member_at(path: Iterable[str | int]) -> str:
    """The name of the member at a path: `entries[2].values.type`."""
    member = "".join(_steps(path)).removeprefix(".")
    return member if len(member) <= LONGEST_MEMBER else f"…{member[1 - LONGEST_MEMBER :]}"


def _steps(path: Iterable[str | int]) -> Iterator[str]:
    for part in path:
        yield f"[{part}]" if isinstance(part, int) else f".{shown(part)}"


V = TypeVar("V")
T = TypeVar("T")
R = TypeVar("R", bound=Refusal)


def parsed(parse: Callable[[V], T], value: V, member: str) -> T:
    """What a member's value means to Redis. Raises InvalidCommand, naming the member."""
    try:
        return parse(value)
    except InvalidCommand as refusal:
        raise about(refusal, member, value) from refusal


def about(refusal: R, member: str, value: object) -> R:
    """The refusal in Redis' words, and then of which member and value it speaks."""
    return type(refusal)(f"{refusal.text} ({member}='{shown(str(value))}')")
