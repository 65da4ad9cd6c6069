"""Connections of tests' own, beside those of Django and of the API."""

from typing import Any

import psycopg

from streams.store import pool


def connect() -> psycopg.Connection[tuple[Any, ...]]:
    """A connection as the service makes it; each statement commits by itself."""
    return psycopg.Connection.connect(**pool.parameters())
