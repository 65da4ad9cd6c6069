"""Create a plate."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from streams.commands.plates import create_plate, mint_key
from streams.domain.scopes import Scope
from streams.management.console import ConsoleCommand


class Command(ConsoleCommand):
    """createplate NAME [--json]"""

    help = "Create a plate with an API key of scope manage, which is shown only this once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="letters, digits, hyphens and underscores, at most 64")

    @transaction.atomic
    def run_for(self, options: dict[str, Any]) -> None:
        plate = create_plate(options["name"])
        key = mint_key(plate, Scope.MANAGE)
        facts = {"plate": plate.name, "api_key": key.text}
        self.tell(options, facts, f"plate    {plate.name}\nAPI key  {key.text} (shown only once)")
