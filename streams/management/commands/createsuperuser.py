"""Create an operator of the console. Unlike Django's own, it also works before the first start."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from streams.management.preparation import outages_as_command_errors, prepare_empty_database


class Command(createsuperuser.Command):
    """createsuperuser"""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with outages_as_command_errors():
            prepare_empty_database()
            return super().execute(*args, **options)
