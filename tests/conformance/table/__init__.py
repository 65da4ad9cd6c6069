"""The table of hand-picked cases, by section of docs/semantics.md."""

from tests.conformance.table import (
    claims,
    general,
    ids,
    info,
    pending,
    reading,
    state,
    trimming,
    xadd,
    xgroup,
    xreadgroup,
)

CASES = [
    *general.CASES,
    *ids.CASES,
    *state.CASES,
    *xadd.CASES,
    *trimming.CASES,
    *reading.CASES,
    *xgroup.CASES,
    *xreadgroup.CASES,
    *pending.CASES,
    *claims.CASES,
    *info.CASES,
]
