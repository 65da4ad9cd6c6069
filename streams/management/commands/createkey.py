"""Create a key for a plate."""

from typing import Any

from django.core.management.base import CommandParser

from streams.commands.plates import find_plate, mint_key
from streams.domain.scopes import Scope
from streams.management.console import ConsoleCommand, duration


class Command(ConsoleCommand):
    """createkey PLATE [--scope SCOPE] [--name NAME] [--expires-in DURATION] [--json]"""

    help = "Create an API key for a plate. It is shown only this once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("plate")
        parser.add_argument("--scope", choices=list(Scope), default=Scope.WRITE)
        parser.add_argument("--name", default="", help="what the key is for")
        parser.add_argument("--expires-in", type=duration, help="such as 90d; default never")

    def run_for(self, options: dict[str, Any]) -> None:
        key = mint_key(
            find_plate(options["plate"]),
            Scope(options["scope"]),
            options["name"],
            options["expires_in"],
        )
        expires_at = key.row.expires_at and key.row.expires_at.isoformat()
        facts = {
            "plate": options["plate"],
            "api_key": key.text,
            "id": key.row.pk,
            "scope": key.row.scope,
            "name": key.row.name,
            "expires_at": expires_at,
        }
        self.tell(
            options,
            facts,
            f"plate    {options['plate']}\n"
            f"API key  {key.text} (shown only once)\n"
            f"scope    {key.row.scope}\n"
            f"expires  {expires_at or 'never'}",
        )
