"""The reference point: an endpoint that does nothing, on the same server."""
