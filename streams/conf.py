"""The limits of the data plane: each a setting of this name, an environment variable too."""

from django.conf import settings


def limit(name: str) -> int:
    """The limit's value; docs/configuration.md tells the unit and the default of each."""
    return int(getattr(settings, name))
