"""The table of hand-picked cases, by section of docs/semantics.md."""

from tests.conformance.table import groups, streams

CASES = [*streams.CASES, *groups.CASES]
