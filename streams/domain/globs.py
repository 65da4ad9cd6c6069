r"""Redis' glob patterns: `*`, `?`, `[abc]`, `[^a-c]`, a backslash before a literal character."""

import re

# One member of a set. As in Redis, a range ends with the character after its hyphen, even if that
# is a bracket.
_MEMBER = re.compile(r"\\(?P<escaped>.)|(?P<low>[^\]])-(?P<high>.)|(?P<single>[^\]])", re.DOTALL)
# A set. One that is not closed extends to the end of the pattern.
_SET = r"\[\^?(?:\\.|[^\]]-.|[^\]])*\]?"
_ALTERNATIVES = re.compile(
    rf"(?P<stars>\*+)|\\(?P<escaped>.)|(?P<set>{_SET})|(?P<plain>.)", re.DOTALL
)


class Glob:
    """A compiled pattern. A match takes at most the pattern's length times the key's length."""

    def __init__(self, pattern: str) -> None:
        self._pattern = _compile(pattern)
        self._length = len(pattern)

    def matches(self, key: str) -> bool:
        """Whether the whole key matches."""
        return self._pattern.fullmatch(key) is not None

    def steps(self, key: str) -> int:
        """The most steps that a match with this key takes."""
        return (self._length + 1) * (len(key) + 1)


def _compile(pattern: str) -> re.Pattern[str]:
    """A regular expression that matches in linear time, without backtracking into earlier parts.

    Each part between stars is matched at its first occurrence: a later one would only leave less of
    the key for the parts behind it. So all parts are atomic groups but the last, which must be at
    the end of the key.
    """
    first, *others = _parts(pattern)
    if not others:
        return re.compile(first, re.DOTALL)
    *between, last = others
    atoms = "".join(f"(?>.*?{part})" for part in between)
    return re.compile(f"{first}{atoms}.*{last}", re.DOTALL)


def _parts(pattern: str) -> list[str]:
    """The regular expressions of the parts between stars; each matches a fixed length."""
    parts = [""]
    for found in _ALTERNATIVES.finditer(pattern):
        if found["stars"]:
            parts.append("")
        else:
            parts[-1] += _one_character(found)
    return parts


def _one_character(found: re.Match[str]) -> str:
    if found["set"]:
        return _set(found["set"])
    if found["plain"] == "?":
        return "."
    return re.escape(found["escaped"] or found["plain"])


def _set(text: str) -> str:
    negated = text.startswith("[^")
    members = "".join(map(_member, _MEMBER.finditer(text, 1 + negated)))
    if not members:
        return "." if negated else r"(?!)"
    return f"[{'^' if negated else ''}{members}]"


def _member(found: re.Match[str]) -> str:
    if found["low"] is None:
        return re.escape(found["escaped"] or found["single"])
    return "-".join(map(re.escape, sorted((found["low"], found["high"]))))
