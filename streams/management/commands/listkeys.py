"""List keys."""

from typing import Any

from django.core.management.base import CommandParser

from streams.commands.plates import find_plate, list_keys, state_of
from streams.management.console import ConsoleCommand
from streams.models import ApiKey

_COLUMNS = ("id", "plate", "prefix", "scope", "state", "expires_at", "name")


class Command(ConsoleCommand):
    """listkeys [PLATE] [--json]"""

    help = "List the API keys of a plate, or of all plates. The keys themselves are not stored."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("plate", nargs="?")

    def run_for(self, options: dict[str, Any]) -> None:
        plate = find_plate(options["plate"]) if options["plate"] else None
        keys = [_facts(key) for key in list_keys(plate)]
        self.tell(options, {"keys": keys}, _table(keys))


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "plate": key.plate.name,
        "prefix": key.prefix,
        "scope": key.scope,
        "state": state_of(key),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "name": key.name,
    }


def _table(keys: list[dict[str, Any]]) -> str:
    rows = [_COLUMNS, *(tuple(str(key[name] or "-") for name in _COLUMNS) for key in keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
