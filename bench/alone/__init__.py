"""The reference point: the service, but with a transaction for each add."""
