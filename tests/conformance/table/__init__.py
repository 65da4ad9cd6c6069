"""The table of hand-picked cases, by section of docs/semantics.md."""

from tests.conformance.table import general, groups, ids, streams

CASES = [
    *general.CASES,
    *ids.CASES,
    *streams.CASES,
    *groups.CASES,
]
