"""The one clock of the commands: each reads it once (GEN-14)."""

import time


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
