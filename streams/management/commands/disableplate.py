"""Disable a plate, or enable it again."""

from typing import Any

from django.core.management.base import CommandParser

from streams.commands.plates import find_plate, set_enabled
from streams.management.console import ConsoleCommand


class Command(ConsoleCommand):
    """disableplate NAME [--enable] [--json]"""

    help = "Disable a plate: its API keys are refused, but its streams stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--enable", action="store_true", help="enable the plate again")

    def run_for(self, options: dict[str, Any]) -> None:
        plate = find_plate(options["name"])
        set_enabled(plate, options["enable"])
        state = "enabled" if plate.is_enabled else "disabled"
        self.tell(options, {"plate": plate.name, "state": state}, f"plate {plate.name} is {state}")
