"""Commands of Redis as they are written down here."""

Words = list[str]
"""A command's words, its name first."""
