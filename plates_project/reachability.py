"""Whether the databases can be reached, before a command waits for them and cannot say why."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

CONNECT_SECONDS = 10
"""How long a server may take to answer, unless the URL says `connect_timeout`."""

ENCODING = "UTF8"
"""What the database must be in: others cannot hold all that clients may write."""


class Unreachable(Exception):
    """A database cannot be used; the text names the variable and the reason, on one line."""


def look_at_database() -> None:
    """Raises Unreachable unless DATABASE_URL leads to a database in UTF-8 that lets us in."""
    try:
        parameters = connection.get_connection_params()
    except ImproperlyConfigured as error:
        raise Unreachable(f"DATABASE_URL: {error}") from error
    parameters.pop("cursor_factory")
    encoding = _look("DATABASE_URL", parameters)
    if encoding != ENCODING:
        raise Unreachable(f"DATABASE_URL: the database is in {encoding}, and must be in {ENCODING}")


def look_at_listener() -> None:
    """Raises Unreachable unless LISTEN_DATABASE_URL, where it is set, does so too."""
    if settings.LISTEN_DATABASE_URL:
        _look("LISTEN_DATABASE_URL", _read("LISTEN_DATABASE_URL", settings.LISTEN_DATABASE_URL))


def _read(variable: str, url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error as error:
        raise Unreachable(f"{variable}: {_one_line(error, url)}") from error


def _look(variable: str, parameters: dict[str, Any]) -> str | None:
    """The encoding of the database there."""
    try:
        with psycopg.connect(**{"connect_timeout": CONNECT_SECONDS, **parameters}) as connection:
            return connection.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        reason = _one_line(error, parameters.get("password"))
        raise Unreachable(f"{variable}: {reason}") from error


def _one_line(error: psycopg.Error, secret: str | None) -> str:
    text = " ".join(str(error).split())
    return text.replace(secret, "…") if secret else text
