"""A program under test: the service, but with a transaction for each add."""
