"""Sections 3, 10 to 15, 17 and 18 of docs/semantics.md: consumer groups."""

from tests.conformance.cases import case

CASES = [
    case("XGC-7", "XGROUP CREATE k g $ MKSTREAM", "XGROUP CREATE k g $", "XINFO GROUPS k"),
]
