"""The HTTP server of a worker: uvicorn, with bounds for whoever is slow, and errors in JSON."""

from plates_project.server.worker import Worker

__all__ = ["Worker"]
