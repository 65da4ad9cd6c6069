"""The service's own settings, but adds are not committed together."""

from plates_project.settings import *  # noqa: F403 - all of them
from plates_project.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "bench.alone.apps.AloneConfig"]
