"""The service's own settings, with a route for the endpoint that does nothing."""

from plates_project.settings import *  # noqa: F403 - all of them

ROOT_URLCONF = "bench.noop.urls"
