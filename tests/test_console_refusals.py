"""What the console refuses, or does not have, it says on a page of its own, never in JSON."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory

from plates_project import error_handlers


@pytest.fixture
def console(db: None) -> Client:
    """A superuser's browser."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def assert_page(response: Any, status: int, title: str) -> None:
    """It is a page of the console, with a way back."""
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    text = response.content.decode()
    assert title in text
    assert "Plates" in text
    assert "unfold/css/styles.css" in text
    assert 'href="/admin/"' in text


@pytest.mark.parametrize("path", ["nonsense", "nonsense/", "streams/nonsense/", "%00/"])
def test_an_unknown_page_is_not_found(path: str, console: Client) -> None:
    assert_page(console.get(f"/admin/{path}"), 404, "Page not found")


def test_what_is_not_permitted_says_so(db: None) -> None:
    user = User.objects.create(username="staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_plate"))
    client = Client()
    client.force_login(user)

    assert_page(client.get("/admin/streams/stream/"), 403, "Not permitted")


def test_a_form_without_its_token_is_refused(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "root"})

    assert_page(response, 403, "Form refused")


def test_a_filter_that_is_not_allowed_is_a_bad_request(console: Client) -> None:
    response = console.get("/admin/streams/apikey/?digest__startswith=x")

    assert_page(response, 400, "Bad request")


def test_a_host_that_is_not_served_is_a_bad_request(console: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["plates.example"]
    assert_page(console.get("/admin/login/", HTTP_HOST="elsewhere.example"), 400, "Bad request")
    answer = Client().get("/admin/login/", HTTP_HOST="plates.example")
    assert answer.status_code == 200


def test_a_defect_is_an_internal_error(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("streams.admin.streams.StreamAdmin.get_queryset", broken)

    response = console.get("/admin/streams/stream/")

    assert_page(response, 500, "Internal error")
    assert "secret" not in response.content.decode()


def test_no_page_of_these_needs_the_database() -> None:
    request = RequestFactory().get("/admin/streams/stream/")

    assert_page(error_handlers.server_error(request), 500, "Internal error")


@pytest.mark.parametrize("path", ["/nonsense", "/administration", "/static/nonsense.css"])
def test_all_others_get_json(path: str, console: Client) -> None:
    response = console.get(path)

    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
