"""Reads the URLs of databases from the environment."""

import dj_database_url
from dj_database_url import DBConfig
from environs import EnvError

SCHEMES = ("postgresql", "postgres")

_SHAPE = (
    "postgresql://user:password@host:port/name is expected,"
    " with reserved characters of the password percent-encoded"
)


def database_of(variable: str, url: str) -> DBConfig:
    """The parts of the URL in an environment variable, for Django.

    Raises EnvError, which names the variable but does not repeat the URL: it may hold a password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise EnvError(f"{variable} is no URL: {_SHAPE}")
    if scheme not in SCHEMES:
        raise EnvError(f"{variable} begins with {scheme}://, which is no PostgreSQL: {_SHAPE}")
    try:
        database = dj_database_url.parse(url)
    except ValueError:
        raise EnvError(f"{variable} is no valid URL: {_SHAPE}") from None
    if not database["NAME"] and "service" not in database.get("OPTIONS", {}):
        raise EnvError(f"{variable} names no database: {_SHAPE}")
    return database
