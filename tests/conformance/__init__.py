"""The same commands against a real Redis and against the service, replies compared."""
