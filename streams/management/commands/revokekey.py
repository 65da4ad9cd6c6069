"""Revoke a key."""

from typing import Any

from django.core.management.base import CommandParser

from streams.commands.plates import revoke_key
from streams.management.console import ConsoleCommand


class Command(ConsoleCommand):
    """revokekey KEY [--json]"""

    help = "Revoke an API key: from now on it is refused everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key", help="the id of the API key, its beginning, or all of it")

    def run_for(self, options: dict[str, Any]) -> None:
        key = revoke_key(options["key"])
        facts = {"plate": key.plate.name, "id": key.pk, "prefix": key.prefix, "scope": key.scope}
        self.tell(
            options,
            facts,
            f"revoked API key {key.pk}, {key.prefix}…, plate {key.plate.name}, scope {key.scope}",
        )
