"""What the commands have in common: their output and their errors."""

import argparse
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams.commands.plates import PlatesError
from streams.management.preparation import outages_as_command_errors, prepare_empty_database

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d+)([smhdw])", re.ASCII)


class ConsoleCommand(BaseCommand):
    """A command for operators. With --json, stdout is one JSON object and nothing else."""

    def create_parser(self, *names: Any, **options: Any) -> CommandParser:
        """The parser. It reports an error on one line, without the usage that --help prints."""
        parser = super().create_parser(*names, **options)
        parser.print_usage = _say_nothing  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with outages_as_command_errors(), refusals_as_command_errors():
            prepare_empty_database()
            self.run_for(options)

    def run_for(self, options: dict[str, Any]) -> None:
        """Do what the command does. May raise PlatesError."""
        raise NotImplementedError

    def tell(self, options: dict[str, Any], facts: dict[str, Any], text: str) -> None:
        """Print the facts as JSON if --json is given, else the text."""
        self.stdout.write(json.dumps(facts) if options["json"] else text)


def _say_nothing(file: object = None) -> None:
    pass


@contextmanager
def refusals_as_command_errors() -> Iterator[None]:
    """Raise CommandError where the body raises PlatesError."""
    try:
        yield
    except PlatesError as error:
        raise CommandError(str(error)) from error


def duration(text: str) -> timedelta:
    """Read `90d`, `12h`, `30m`, `45s` or `2w`. A type for argparse: its errors name the option."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration: give a number and s, m, h, d or w, such as 90d"
        )
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text!r} is too long") from None
