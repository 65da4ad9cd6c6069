"""How messages name what they refuse: the place of a member, and the user's own text."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from streams.domain.errors import InvalidCommand, Refusal

Path = tuple[str | int, ...]
"""The names of members and the places in lists that lead to a value."""

LONGEST_SHOWN = 64
"""How many characters of a user's text a message repeats."""

LONGEST_PLACE = 256
"""How many characters the name of a place may have; longer ones lack their beginning."""


def shown(text: str) -> str:
    """The text as a message repeats it: on one line, and not at any length."""
    if text.isprintable() and len(text) <= LONGEST_SHOWN:
        return text
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in cut
    )


def place_of(path: Iterable[str | int]) -> str:
    """`entries[2].values.type`"""
    place = "".join(_steps(path)).removeprefix(".")
    return place if len(place) <= LONGEST_PLACE else f"…{place[1 - LONGEST_PLACE :]}"


def _steps(path: Iterable[str | int]) -> Iterator[str]:
    for part in path:
        yield f"[{part}]" if isinstance(part, int) else f".{shown(part)}"


V = TypeVar("V")
T = TypeVar("T")
R = TypeVar("R", bound=Refusal)


def parsed(parse: Callable[[V], T], value: V, place: str) -> T:
    """What a member's value means to Redis. Raises InvalidCommand, naming the member."""
    try:
        return parse(value)
    except InvalidCommand as refusal:
        raise about(refusal, place, value) from refusal


def about(refusal: R, place: str, value: object) -> R:
    """The refusal in Redis' words, and then of which member and value it speaks."""
    return type(refusal)(f"{refusal.text} ({place}='{shown(str(value))}')")
