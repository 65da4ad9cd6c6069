"""Counters as Redis keeps them."""


def wrapped(count: int) -> int:
    """The count as a signed 64-bit number, which wraps around on overflow (GEN-20)."""
    return (count + 2**63) % 2**64 - 2**63
