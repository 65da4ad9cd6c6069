"""The clock of all commands. A command reads it only once (GEN-14)."""

import time


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
