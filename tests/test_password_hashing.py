"""Passwords are hashed as Django does it, and the API is served meanwhile."""

import asyncio
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.models import User

from tests.api import Answer, Api, send
from tests.polling import eventually
from tests.servers import LivePlate, Server

PASSWORD = "correct horse"
DEADLINE_SECONDS = 20


@pytest.fixture
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of one round."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)


# The hashes


def test_hashes_that_django_made_stay_good(fast_hashes: None) -> None:
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)

    assert check_password(PASSWORD, hashed)
    assert not check_password("wrong", hashed)


def test_hashes_are_such_as_django_makes(fast_hashes: None) -> None:
    assert PBKDF2PasswordHasher().verify(PASSWORD, make_password(PASSWORD))


def test_a_worker_serves_others_while_it_hashes() -> None:
    """For a hash of Django's many rounds does not hold the interpreter's lock."""
    assert asyncio.run(turns_while(make_password, "x")) > 10


async def turns_while(work: Callable[..., object], *words: object) -> int:
    """How often the loop goes round while a thread is at that work."""
    working = asyncio.create_task(asyncio.to_thread(work, *words))
    turns = 0
    while not working.done():
        await asyncio.sleep(0.001)
        turns += 1
    return turns


# The API meanwhile


def log_in(name: str, password: str) -> Answer:
    """Send the form of the login page."""
    cookie = send("GET", "/admin/login/").headers["Set-Cookie"].partition(";")[0]
    token = cookie.partition("=")[2]
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token}
    headers = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
    return send("POST", "/admin/login/", urlencode(form).encode(), headers)


def test_a_login_holds_nobody_up(
    api: Api, fast_hashes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    has_begun, may_go_on = threading.Event(), threading.Event()
    verify = PBKDF2PasswordHasher.verify

    def verify_slowly(*words: Any) -> bool:
        has_begun.set()
        assert may_go_on.wait(DEADLINE_SECONDS)
        return verify(*words)

    monkeypatch.setattr(PBKDF2PasswordHasher, "verify", verify_slowly)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(log_in, "root", PASSWORD)
        assert has_begun.wait(DEADLINE_SECONDS)
        assert api.run("XADD", "events", "1-0", "f", "v") == "1-0"
        assert send("GET", "/admin/login/").status == 200
        assert not answer.done()
        may_go_on.set()
        assert answer.result(DEADLINE_SECONDS).status == 302


# Beside many logins at a real server

LOOPS = 12
ADDS = 50


@contextmanager
def login_storm(server: Server) -> Iterator[Callable[[], int]]:
    """Ever new users from ever new addresses try wrong passwords; how many did so far."""
    over = threading.Event()
    done: list[str] = []
    threads = [
        threading.Thread(target=_try_passwords, args=(server.url, over, done)) for _ in range(LOOPS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield lambda: len(done)
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _try_passwords(url: str, over: threading.Event, done: list[str]) -> None:
    with httpx.Client(base_url=url, timeout=60) as http:
        http.get("/admin/login/")
        token = http.cookies["csrftoken"]
        while not over.is_set():
            name = secrets.token_hex(8)
            form = {"username": name, "password": "x", "csrfmiddlewaretoken": token}
            address = str(IPv4Address(secrets.randbits(32)))
            answer = http.post("/admin/login/", data=form, headers={"X-Forwarded-For": address})
            assert answer.status_code == 200, answer
            done.append(name)


def seconds_of_an_add(plate: LivePlate) -> float:
    started = time.monotonic()
    plate.run("XADD", "k", "*", "f", "v")
    return time.monotonic() - started


def test_adds_are_prompt_beside_many_logins(
    server: Server, live_plate: Callable[[], LivePlate]
) -> None:
    plate = live_plate()
    with login_storm(server) as attempts:
        eventually(attempts, within_seconds=60)
        seconds = [seconds_of_an_add(plate) for _ in range(ADDS)]

    # A few milliseconds; behind a single hash nearly all of them would take longer.
    assert statistics.quantiles(seconds, n=4)[0] < 0.25
