"""How all layers below HTTP name a plate (a tenant) and its streams."""

from typing import NamedTuple, NewType

PlateId = NewType("PlateId", int)
"""The plate that a command runs for."""


class StreamName(NamedTuple):
    """The name of a stream, which may or may not exist: its plate, and its key in that plate."""

    plate: PlateId
    key: str
