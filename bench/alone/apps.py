"""Turns off the rounds in which the service commits many adds together."""

from collections.abc import Sequence

from django.apps import AppConfig


class AloneConfig(AppConfig):
    """Makes each caller commit its own adds, at the same time as all others."""

    name = "bench.alone"
    label = "bench_alone"

    def ready(self) -> None:
        from streams.domain.plates import PlateId
        from streams.operations import appending

        async def alone(
            _: PlateId, appends: Sequence[appending.Append]
        ) -> list[appending.AppendOutcome]:
            return await appending._commit(appends)  # noqa: SLF001

        appending._rounds.do = alone  # type: ignore[method-assign,assignment] # noqa: SLF001
