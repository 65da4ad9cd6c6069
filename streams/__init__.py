"""Plates: durable streams with the semantics of Redis Streams, kept in PostgreSQL."""
