"""The rights of an API key."""

from enum import StrEnum


class Scope(StrEnum):
    """What an API key permits. Each scope includes those before it."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"

    def includes(self, other: "Scope") -> bool:
        """Whether a key of this scope may do what the other scope permits."""
        order = list(Scope)
        return order.index(self) >= order.index(other)
