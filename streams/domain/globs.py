"""Redis' glob patterns: `*`, `?`, `[abc]`, `[^a-c]`, and a backslash to take one as it is."""

import re
from collections.abc import Iterator

_ALTERNATIVES = re.compile(
    r"\\(?P<escaped>.)|(?P<set>\[(?:\\.|[^\]\\])*\]?)|(?P<plain>.)", re.DOTALL
)


def compile_glob(pattern: str) -> re.Pattern[str]:
    """A pattern whose `fullmatch` tells whether a key matches."""
    return re.compile("".join(_pieces(pattern)), re.DOTALL)


def _pieces(pattern: str) -> Iterator[str]:
    for found in _ALTERNATIVES.finditer(pattern):
        if found["set"]:
            yield _set(found["set"])
        elif found["plain"] in ("*", "?"):
            yield {"*": ".*", "?": "."}[found["plain"]]
        else:
            yield re.escape(found["escaped"] or found["plain"])


def _set(text: str) -> str:
    """A character set; one that is not closed reaches to the end, as in Redis."""
    inner = text[1:].removesuffix("]")
    negated = inner.startswith("^")
    members = list(_members(inner[negated:]))
    if not members:
        return "." if negated else r"(?!)"
    return f"[{'^' if negated else ''}{''.join(members)}]"


def _members(inner: str) -> Iterator[str]:
    for found in re.finditer(r"\\(.)|(.)-(.)|(.)", inner, re.DOTALL):
        escaped, low, high, single = found.groups()
        if low is None:
            yield re.escape(escaped or single)
        else:
            yield "-".join(re.escape(end) for end in sorted((low, high)))
