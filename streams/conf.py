"""The limits of the data plane: each a setting of this name, an environment variable too."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver


@cache
def limit(name: str) -> int:
    """The limit's value; docs/configuration.md tells the unit and the default of each.

    Kept, for every request asks for several of them.
    """
    return int(getattr(settings, name))


@receiver(setting_changed)
def _forget(**_: Any) -> None:
    limit.cache_clear()
