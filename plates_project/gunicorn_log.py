"""The log of gunicorn itself: in the same form, and on the same stream, as everything else."""

import logging
import sys
from typing import Any

import gunicorn.glogging

from plates_project import settings
from plates_project.logs import formatter_for


class GunicornLogger(gunicorn.glogging.Logger):  # type: ignore[misc]
    """Writes what the arbiter and the workers say as the application's lines are written."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter_for(settings.LOG_STREAM, settings.LOG_FORMAT)())
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(getattr(sys, settings.LOG_STREAM))
