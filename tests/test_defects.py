"""Defects of ours: only the log describes them, under the request's ID."""

import logging
from typing import NoReturn

import pytest

from streams.api import health, views
from streams.domain.errors import Unavailable
from tests.api import Api, send


def fail(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("broken")


def be_unavailable() -> NoReturn:
    raise Unavailable("the database is not available")


def defect_in(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (record,) = (record for record in caplog.records if record.exc_info)
    assert record.levelno >= logging.ERROR
    return record


def test_a_defect_of_an_endpoint_is_logged_under_the_requests_id(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(views.LengthView, "get", fail)
    answer = api.request("GET", "/streams/length/SECRET", headers={"x-request-id": "one"})
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "broken" not in answer.message
    assert vars(defect_in(caplog))["request_id"] == "one"
    assert "SECRET" not in str([vars(record) for record in caplog.records])


@pytest.mark.django_db
def test_a_defect_elsewhere_is_logged_once_under_the_requests_id_and_without_its_path(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "_check", fail)
    answer = send("GET", "/readyz?SECRET", headers={"x-request-id": "two"})
    assert answer.status == 500
    assert vars(defect_in(caplog))["request_id"] == "two"
    assert "SECRET" not in str([vars(record) for record in caplog.records])


@pytest.mark.django_db
def test_an_answer_of_500_or_more_that_is_no_defect_has_no_line_of_djangos(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "_check", be_unavailable)
    assert send("GET", "/readyz").status == 503
    names = [record.name for record in caplog.records]
    assert [name for name in names if name.startswith(("plates.", "django"))] == ["plates.request"]
