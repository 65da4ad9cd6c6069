"""How the layers below the HTTP face name a tenant and its streams."""

from typing import NamedTuple, NewType

PlateId = NewType("PlateId", int)
"""The plate that a command runs for."""


class StreamName(NamedTuple):
    """A stream as its users name it, whether or not it exists."""

    plate: PlateId
    key: str
