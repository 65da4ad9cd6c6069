"""Turns off the rounds in which the service commits many adds together."""

from django.apps import AppConfig


class AloneConfig(AppConfig):
    """Makes each caller commit its own adds, at the same time as all others."""

    name = "bench.alone"
    label = "bench_alone"

    def ready(self) -> None:
        from streams.operations import appending

        appending._rounds.do = appending._commit  # type: ignore[method-assign,assignment] # noqa: SLF001
