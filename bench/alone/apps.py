"""Takes the coalescer out of the way of the appends."""

from django.apps import AppConfig


class AloneConfig(AppConfig):
    """Has each caller commit its own adds, at the same time as all others."""

    name = "bench.alone"
    label = "bench_alone"

    def ready(self) -> None:
        from streams.commands import append

        append._coalescer.do = append._commit  # type: ignore[method-assign] # noqa: SLF001
