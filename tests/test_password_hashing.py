"""Passwords are hashed as Django does it, and the API is served meanwhile."""

import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password

from streams.admin.passwords import Hasher
from tests.polling import eventually
from tests.servers import LivePlate, Server

PASSWORD = "correct horse"


@pytest.fixture
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of one round."""
    monkeypatch.setattr(Hasher, "iterations", 1)


# The hashes


def test_hashes_that_django_made_stay_good(fast_hashes: None) -> None:
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)

    assert check_password(PASSWORD, hashed)
    assert not check_password("wrong", hashed)


def test_hashes_are_such_as_django_makes(fast_hashes: None) -> None:
    assert PBKDF2PasswordHasher().verify(PASSWORD, make_password(PASSWORD))


IN_A_WORKER = """
from gevent import monkey; monkey.patch_all()
import django, gevent
from django.contrib.auth.hashers import make_password
django.setup()
turns = 0
def others():
    global turns
    while True:
        gevent.sleep(0.001)
        turns += 1
gevent.spawn(others)
make_password("x")
print(turns)
"""


def test_a_worker_serves_others_while_it_hashes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_WORKER],
        env={"DJANGO_SETTINGS_MODULE": "plates_project.settings", "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert int(done.stdout) > 1


# The API meanwhile

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
