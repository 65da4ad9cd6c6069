"""The HTTP face: urls, authentication, request shapes, views, one exception handler."""
