"""Sections 1 to 8 and 16 of docs/semantics.md: entries, and streams without groups."""

from tests.conformance.cases import case

CASES = [
    case("XADD-5", "XADD k 0-0 f v", "XADD k 0 f v", "XINFO STREAM k"),
    case("XADD-6", "XADD k 5-0 f v", "XDEL k 5-0", "XADD k 5-0 f v", "XADD k 4-9 f v"),
]
