"""The limits of the data plane. Each is a Django setting and an environment variable."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver


@cache
def limit(name: str) -> int:
    """The value of a limit. docs/configuration.md lists the unit and the default of each.

    The values are cached, because every request needs several of them.
    """
    return int(getattr(settings, name))


@receiver(setting_changed)
def _forget(**_: Any) -> None:
    limit.cache_clear()
