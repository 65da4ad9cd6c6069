"""Counters as Redis keeps them."""


def wrapped(count: int) -> int:
    """As a signed number of 64 bits, which wraps around at its ends (GEN-20)."""
    return (count + 2**63) % 2**64 - 2**63
