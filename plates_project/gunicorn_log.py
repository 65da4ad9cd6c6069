"""gunicorn's own log, in the same form and on the same stream as all other logs."""

import logging
import sys
from typing import Any

import gunicorn.glogging

from plates_project import settings
from plates_project.logs import formatter_for


class GunicornLogger(gunicorn.glogging.Logger):  # type: ignore[misc]
    """Writes the lines of the arbiter and the workers in the form of the application's lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter_for(settings.LOG_STREAM, settings.LOG_FORMAT)())
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(getattr(sys, settings.LOG_STREAM))
