"""The functions that announce changes. `pyproject.toml` says who may import them."""

from streams.wakeups.process import announce, announce_api_keys_changed

__all__ = ["announce", "announce_api_keys_changed"]
