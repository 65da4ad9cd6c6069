"""Logins to the console: limited, logged, and no burden to the API."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from streams.admin import login
from streams.admin.attempts import NAMES_OF_AN_ADDRESS

PASSWORD = "correct horse"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
LIMIT = 3


@pytest.fixture
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of one round."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)


@pytest.fixture
def root(db: None, fast_hashes: None, settings: Any) -> User:
    """A superuser, whose password may be wrong so many times."""
    settings.AXES_FAILURE_LIMIT = LIMIT
    return User.objects.create_superuser("root", password=PASSWORD)


def attempt(name: str, password: str, address: str = HERE, **headers: str) -> int:
    """The status of one attempt to log in: 302 lets in, 200 shows the form again."""
    form = {"username": name, "password": password, "next": "/admin/"}
    response = Client(REMOTE_ADDR=address).post("/admin/login/", form, headers=headers)
    return response.status_code


def fail(times: int, name: str = "root", address: str = HERE) -> list[int]:
    return [attempt(name, "wrong", address) for _ in range(times)]


# The limit


def test_it_locks_out_after_so_many_failures(root: User) -> None:
    assert fail(LIMIT) == [200] * (LIMIT - 1) + [429]

    assert attempt("root", PASSWORD) == 429


def test_one_failure_less_locks_out_nobody(root: User) -> None:
    fail(LIMIT - 1)

    assert attempt("root", PASSWORD) == 302


def test_a_login_leads_to_no_page_of_another_site(root: User) -> None:
    form = {"username": "root", "password": PASSWORD, "next": "https://elsewhere.example/"}
    response = Client(REMOTE_ADDR=HERE).post("/admin/login/", form)

    assert response["Location"] == "/admin/"


def test_it_says_so_on_a_page(root: User) -> None:
    fail(LIMIT)

    response = Client(REMOTE_ADDR=HERE).post(
        "/admin/login/", {"username": "root", "password": PASSWORD}
    )

    assert response["Content-Type"].startswith("text/html")
    assert response["Retry-After"] == "900"
    assert "Too many failed logins" in response.content.decode()
    assert "for 15 minutes" in response.content.decode()


def test_an_unknown_user_is_locked_out_like_any_other(root: User) -> None:
    assert fail(LIMIT, "nobody") == fail(LIMIT, "root", ELSEWHERE)


def test_other_names_and_other_addresses_are_not_locked_out(root: User) -> None:
    User.objects.create_superuser("other", password=PASSWORD)

    fail(LIMIT)

    assert attempt("other", PASSWORD) == 302
    assert attempt("root", PASSWORD, ELSEWHERE) == 302


def test_ever_new_names_lock_out_their_address(root: User) -> None:
    for number in range(LIMIT * NAMES_OF_AN_ADDRESS - 1):
        assert attempt(f"user-{number}", "wrong") == 200

    assert attempt("one-more", "wrong") == 429
    assert attempt("root", PASSWORD) == 429
    assert attempt("root", PASSWORD, ELSEWHERE) == 302


def test_other_programs_of_an_address_are_the_same_address(root: User) -> None:
    for number in range(LIMIT):
        attempt("root", "wrong", user_agent=f"agent-{number}")

    assert attempt("root", PASSWORD) == 429


def test_addresses_of_one_ipv6_network_are_the_same_address(root: User) -> None:
    for number in range(LIMIT):
        attempt("root", "wrong", f"2001:db8:1:2::{number}")

    assert attempt("root", PASSWORD, "2001:db8:1:2:ffff::1") == 429
    assert attempt("root", PASSWORD, "2001:db8:1:3::1") == 302


def test_a_client_cannot_choose_its_address(root: User) -> None:
    for number in range(LIMIT):
        attempt("root", "wrong", x_forwarded_for=f"198.51.100.{number}")

    assert attempt("root", PASSWORD, x_forwarded_for="198.51.100.99") == 429


def test_clients_behind_a_trusted_proxy_are_distinguished(root: User) -> None:
    for _ in range(LIMIT):
        attempt("root", "wrong", "127.0.0.1", x_forwarded_for=f"1.1.1.1, {HERE}")

    assert attempt("root", PASSWORD, "127.0.0.1", x_forwarded_for=HERE) == 429
    assert attempt("root", PASSWORD, "127.0.0.1", x_forwarded_for=ELSEWHERE) == 302


def test_it_ends_after_the_cool_off(root: User) -> None:
    fail(LIMIT)

    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=50))
    assert attempt("root", PASSWORD) == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt("root", PASSWORD) == 302


def test_attempts_during_the_lockout_do_not_lengthen_it(root: User) -> None:
    fail(LIMIT)
    before = list(AccessAttempt.objects.values())

    fail(2)

    assert list(AccessAttempt.objects.values()) == before


def test_a_success_forgets_the_failures_of_that_name_only(root: User) -> None:
    fail(LIMIT - 1)
    fail(1, "victim")

    assert attempt("root", PASSWORD) == 302

    assert [row.username for row in AccessAttempt.objects.all()] == ["victim"]


def test_a_command_lifts_it(root: User) -> None:
    fail(LIMIT)

    call_command("axes_reset_username", "root")

    assert attempt("root", PASSWORD) == 302


def test_whoever_is_locked_out_costs_no_hash(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(LIMIT)

    def encode(*_: Any) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)

    assert attempt("root", PASSWORD) == 429


@pytest.mark.parametrize("name", ["n" * 10_000, "\u202e\x7f", "nul\0", "", "😀" * 200])
def test_odd_names_are_failures_like_others(name: str, root: User) -> None:
    assert attempt(name, "wrong", user_agent="a" * 10_000) == 200


def test_passwords_are_kept_nowhere(root: User) -> None:
    attempt("root", "hunter2")

    assert "hunter2" not in str(AccessAttempt.objects.values())


def test_no_more_than_so_many_wait(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    admitted = threading.BoundedSemaphore(1)
    monkeypatch.setattr(login, "_admitted", admitted)

    with admitted:
        response = Client().post("/admin/login/", {"username": "root", "password": PASSWORD})
        assert Client().get("/admin/login/").status_code == 200

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Too many logins" in response.content.decode()
    assert attempt("root", PASSWORD) == 302


# The log


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, Any, Any]]:
    records = (vars(record) for record in caplog.records if record.name == "plates.login")
    return [(r["levelname"], r["message"], r["user"], r["address"]) for r in records]


def test_each_attempt_is_one_line_in_the_log(root: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "plates.login")

    attempt("root", PASSWORD)
    fail(LIMIT)
    attempt("root", PASSWORD)

    assert logged(caplog) == [
        ("INFO", "login succeeded", "root", HERE),
        *[("WARNING", "login failed", "root", HERE)] * (LIMIT - 1),
        *[("WARNING", "login locked out", "root", HERE)] * 2,
    ]


def test_names_in_the_log_are_bounded_and_in_printable_characters(
    root: User, caplog: pytest.LogCaptureFixture
) -> None:
    attempt(f"a\nb\u202e{'c' * 1000}", "wrong")

    ((_, _, user, _),) = logged(caplog)
    assert user == rf"a\nb\u202e{'c' * 146}"
