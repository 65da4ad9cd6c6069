"""Checks that the databases can be used, so that a command fails at once, and says why."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

CONNECT_SECONDS = 10
"""How long a server may take to answer, unless the URL says `connect_timeout`."""

ENCODING = "UTF8"
"""The encoding that the database must have. Others cannot hold every text of clients."""


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
    """Raises Unreachable if LISTEN_DATABASE_URL is set, but no database there lets us in."""
    if settings.LISTEN_DATABASE_URL:
        _look("LISTEN_DATABASE_URL", _read("LISTEN_DATABASE_URL", settings.LISTEN_DATABASE_URL))


def _read(variable: str, url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error as error:
        raise Unreachable(f"{variable}: {_one_line(error, url)}") from error


def _look(variable: str, parameters: dict[str, Any]) -> str | None:
    """Connect, and return the encoding of the database. Raises Unreachable."""
    try:
        with psycopg.connect(**{"connect_timeout": CONNECT_SECONDS, **parameters}) as connection:
            return connection.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        reason = _one_line(error, parameters.get("password"))
        raise Unreachable(f"{variable}: {reason}") from error


def _one_line(error: psycopg.Error, secret: str | None) -> str:
    text = " ".join(str(error).split())
    return text.replace(secret, "…") if secret else text
