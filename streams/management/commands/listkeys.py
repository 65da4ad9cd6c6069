"""List keys."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from streams.management.console import ConsoleCommand
from streams.models import ApiKey
from streams.plates import find_plate, list_keys

_COLUMNS = ("id", "plate", "prefix", "scope", "state", "expires_at", "name")


class Command(ConsoleCommand):
    """listkeys [PLATE] [--json]"""

    help = "List the API keys of a plate, or of all plates. The keys themselves are not kept."

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
        "state": _state(key),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "name": key.name,
    }


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "good" if key.plate.is_enabled else "plate disabled"


def _table(keys: list[dict[str, Any]]) -> str:
    rows = [_COLUMNS, *(tuple(str(key[name] or "-") for name in _COLUMNS) for key in keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
