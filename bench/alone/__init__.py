"""A program under test: the service, but with a transaction of its own for each add."""
