"""A program under test: an endpoint that does nothing, on the service's own server."""
