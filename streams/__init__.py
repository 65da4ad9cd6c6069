"""Plates: durable streams with the semantics of Redis Streams, kept in PostgreSQL."""

__version__ = "0.1.0"
