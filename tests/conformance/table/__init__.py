"""The table of hand-picked cases, by section of docs/semantics.md."""

from tests.conformance.table import general, groups, ids, reading, state, trimming, xadd

CASES = [
    *general.CASES,
    *ids.CASES,
    *state.CASES,
    *xadd.CASES,
    *trimming.CASES,
    *reading.CASES,
    *groups.CASES,
]
