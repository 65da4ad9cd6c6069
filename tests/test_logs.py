"""How log lines are written."""

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from plates_project.logs import JsonLines, TextLines, formatter_for


def record(message: str = "it happened", **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "WARNING", "name": "plates"})
    vars(made).update(extra)
    return made


def text(*args: Any, **extra: Any) -> str:
    """The line without its time."""
    time, _, line = TextLines().format(record(*args, **extra)).partition(" ")
    assert len(time) == len("12:34:56")
    return line


def test_a_line_of_text_tells_level_message_and_fields() -> None:
    assert text(plate="demo", command=None) == "warning it happened plate=demo"


def test_a_request_that_went_well_is_logged_in_short() -> None:
    fields = {"method": "POST", "status": 200, "duration_ms": 2.345, "request_id": "abc"}
    assert text("request", **fields, command="XADD") == "warning POST 200 in 2.3 ms command=XADD"


def test_a_refused_request_is_logged_with_its_id() -> None:
    fields = {"method": "POST", "status": 404, "duration_ms": 2, "request_id": "abc"}
    assert text("request", **fields) == "warning POST 404 in 2.0 ms request_id=abc"


def test_a_value_of_several_words_stands_in_quotes() -> None:
    assert text(reason='a "b" status=200').endswith(r' reason="a \"b\" status=200"')
    assert text(reason="").endswith(' reason=""')


@pytest.mark.parametrize("steering", ["\x1b[2J", "a\nb", "\x9b2J", "\u202e", "\udcff", "\x7f"])
def test_nothing_of_a_client_steers_the_terminal(steering: str) -> None:
    for line in (text(steering), text(agent=steering), text(**{steering: 1})):
        assert line.isprintable()
        assert line.encode()


def test_a_traceback_follows_its_line_and_steers_nothing() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        lines = text("it failed", exc_info=sys.exc_info()).splitlines()
    assert lines[0] == "warning it failed"
    assert lines[-1] == r"ValueError: \x1b[2J"


def test_a_line_of_json_holds_the_same() -> None:
    line = json.loads(JsonLines().format(record(plate="demo")))
    assert line.pop("at")
    assert line == {
        "level": "warning",
        "logger": "plates",
        "message": "it happened",
        "plate": "demo",
    }


@pytest.mark.parametrize(("is_terminal", "chosen"), [(True, TextLines), (False, JsonLines)])
def test_a_terminal_gets_text_and_all_else_json(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, chosen: type
) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: is_terminal))
    assert formatter_for("stdout", "auto") is chosen
    assert formatter_for("stdout", "text") is TextLines
    assert formatter_for("stdout", "json") is JsonLines
