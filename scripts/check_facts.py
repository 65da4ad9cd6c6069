"""Check that each fact of docs/semantics.md is cited by a test, or said not to apply.

A test cites a fact by its number, in a docstring (`XADD-7`), a range of them (`XRG-8 to XRG-10`),
or in its name (`…_xadd_7`). docs/redis-compatibility.md lists those that do not apply.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FACT = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*", re.MULTILINE)
CITED = re.compile(r"\b([A-Z]{2,})-(\d+)(?: to (?:[A-Z]+-)?(\d+))?")
CITED_IN_NAME = re.compile(r"_([a-z]+)_(\d+)(?=_|\b)")


def facts() -> list[str]:
    """All facts, in the order of the document."""
    return FACT.findall((ROOT / "docs" / "semantics.md").read_text())


def cited() -> set[str]:
    """The facts that tests cite, and perhaps other words of the same form."""
    texts = (path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    return {fact for text in texts for fact in _cited_in(text)}


def excused() -> set[str]:
    """The facts that the page on compatibility lists as not applying."""
    text = (ROOT / "docs" / "redis-compatibility.md").read_text()
    return set(re.findall(r"^\| ([A-Z]+-\d+) \|", text, re.MULTILINE))


def _cited_in(text: str) -> Iterator[str]:
    for family, first, last in CITED.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{family}-{number}"
    for family, number in CITED_IN_NAME.findall(text):
        yield f"{family.upper()}-{number}"


def main() -> int:
    """Name what is missing; the exit status."""
    missing = [fact for fact in facts() if fact not in cited() | excused()]
    if missing:
        print("Facts that no test cites:", ", ".join(missing))
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
