"""Tickets: with one, a client that cannot send a key opens a tail."""

import json
import secrets
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from streams.models import ApiKey
from streams.wakeups import announcing
from tests.api import Api
from tests.loop import run
from tests.servers import LivePlate, Server
from tests.tails import tail


@pytest.fixture
def plate(live_plate: Callable[[], LivePlate]) -> LivePlate:
    return live_plate()


def mint(plate: LivePlate, *keys: str) -> str:
    """A ticket for the tails of these streams."""
    answer = plate.post("/streams/tickets", {"keys": list(keys)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["result"]["ticket"])


def opens(api: Api, path: str, ticket: str, query: str = "") -> bool:
    """Whether the ticket is accepted: then it is only the parameter that is refused."""
    url = f"/streams/tail{path}?ticket={ticket}{query}&from=nonsense"
    answer = Api(api.plate, "").request("GET", url)
    assert (answer.status, answer.code) in (
        (400, "invalid_command"),
        (401, "invalid_authorization"),
    )
    return answer.status == 400


def test_it_works(plate: LivePlate) -> None:
    plate.run("XADD", "a", "1-0", "f", "v")
    ticket = mint(plate, "a", "b")
    with tail(plate, "/a", headers={}, ticket=ticket, start="0") as opened:
        assert opened.ids(1) == ["1-0"]
    # Any of its streams, any number of times.
    with tail(plate, "", headers={}, key=["b", "a"], ticket=ticket, start="0") as opened:
        assert opened.ids(1) == ["0-0,1-0"]


def test_a_key_of_scope_read_is_enough(server: Server, plate: LivePlate) -> None:
    done = server.manage("createkey", plate.name, "--scope", "read", "--json")
    assert done.returncode == 0, done.stderr
    reader = server.plate(plate.name, json.loads(done.stdout)["api_key"])
    with reader.http:
        ticket = mint(reader, "events")
        with tail(reader, "/events") as one, tail(reader, "/events", headers={}, ticket=ticket):
            assert one.opening() == "0-0"


TOP = "18446744073709551615-18446744073709551615"
"""The longest ID: what a tail may have to be resumed after."""


def is_too_large(plate: LivePlate, keys: list[str]) -> bool:
    """Whether a ticket for these streams is refused for its size."""
    answer = plate.post("/streams/tickets", {"keys": keys})
    if answer.status_code == 200:
        return False
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, "payload_too_large")
    assert "8190" in error["message"]
    return True


@pytest.mark.parametrize("name", [secrets.token_hex(12), "ß" * 12, "a b~/%" * 4])
def test_the_longest_ticket_opens_and_resumes_a_tail_of_all_its_streams(
    server: Server, plate: LivePlate, name: str
) -> None:
    keys = [f"{name}-{secrets.token_hex(4)}" for _ in range(100)]
    fitting = bisect_left(range(100), True, key=lambda n: is_too_large(plate, keys[: n + 1]))
    # One of them gives way to one whose name is as long as can be.
    keys, last = keys[: fitting - 1], secrets.token_hex(512)
    length = bisect_left(
        range(1024), True, key=lambda n: is_too_large(plate, [*keys, last[:n]]), lo=1
    )
    assert is_too_large(plate, [*keys, last[:length]])
    keys.append(last[: length - 1])
    query = {
        "ticket": mint(plate, *keys),
        "from": TOP,
        "last_event_id": ",".join([TOP] * len(keys)),
        "key": keys,
    }
    # A space as %20, which is its longest.
    path = f"/{plate.name}/streams/tail?{urlencode(query, doseq=True, quote_via=quote)}"
    assert 8100 < len(f"GET {path} HTTP/1.1") <= 8190
    with httpx.stream("GET", f"{server.url}{path}", timeout=10) as answer:
        assert answer.status_code == 200


def test_neither_tickets_nor_keys_are_logged(server: Server, plate: LivePlate) -> None:
    ticket = mint(plate, "events")
    with tail(plate, "/events", headers={}, ticket=ticket) as opened:
        opened.opening()
    assert plate.name in server.output
    assert ticket not in server.output
    assert plate.key not in server.output


def test_the_answer_tells_how_long_a_ticket_is_good(api: Api) -> None:
    result = api.post("/streams/tickets", {"keys": ["events"]}).result
    assert set(result) == {"ticket", "expires_in_ms"}
    assert result["expires_in_ms"] == 60_000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"keys": []},
        {"keys": "events"},
        {"keys": [1]},
        {"keys": [""]},
        {"keys": ["x" * 1025]},
        {"keys": ["events"], "key": "events"},
        {"keys": None},
    ],
)
def test_a_ticket_for_what_is_no_list_of_streams_is_refused(api: Api, body: Any) -> None:
    answer = api.post("/streams/tickets", body)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_nobody_gets_a_ticket_without_a_key_of_the_plate(api: Api, other_api: Api) -> None:
    for key in ("", "nonsense", other_api.key):
        answer = Api(api.plate, key).post("/streams/tickets", {"keys": ["events"]})
        assert answer.status == 401


def test_a_ticket_is_valid_for_a_minute(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: now))
    ticket = api.post("/streams/tickets", {"keys": ["events"]}).result["ticket"]
    now += 59
    assert opens(api, "/events", ticket)
    now += 2
    assert not opens(api, "/events", ticket)


def test_a_ticket_is_good_as_long_as_its_key(api: Api) -> None:
    ticket = api.post("/streams/tickets", {"keys": ["events"]}).result["ticket"]
    assert opens(api, "/events", ticket)
    ApiKey.objects.filter(plate__name=api.plate).update(revoked_at=datetime.now(UTC))
    run(announcing.announce_api_keys_changed())
    assert not opens(api, "/events", ticket)


def test_a_ticket_is_valid_for_its_streams_only(api: Api) -> None:
    ticket = api.post("/streams/tickets", {"keys": ["a", "b"]}).result["ticket"]
    assert opens(api, "/a", ticket)
    assert opens(api, "", ticket, "&key=a&key=b")
    assert not opens(api, "/c", ticket)
    assert not opens(api, "/A", ticket)
    assert not opens(api, "", ticket, "&key=a&key=c")


def test_a_ticket_is_valid_for_its_plate_only(api: Api, other_api: Api) -> None:
    ticket = api.post("/streams/tickets", {"keys": ["events"]}).result["ticket"]
    assert not opens(other_api, "/events", ticket)


def test_a_ticket_that_was_tampered_with_is_refused(api: Api) -> None:
    ticket = api.post("/streams/tickets", {"keys": ["events"]}).result["ticket"]
    payload, made_at, signature = ticket.split(":")
    for forged in (
        "",
        "x",
        ticket[:-1],
        ticket + "x",
        f"{payload[:-1]}:{made_at}:{signature}",
        f"{payload}:{made_at}0:{signature}",
        f"{payload}:{made_at}",
        f"::{signature}",
        "%FF%00",
    ):
        assert not opens(api, "/events", forged), forged


def test_a_ticket_opens_nothing_but_tails(api: Api) -> None:
    ticket = api.post("/streams/tickets", {"keys": ["events"]}).result["ticket"]
    paths = ("range/events", "length/events", "info/events", "reverse/events")
    for path in paths:
        for key in ("", ticket):
            assert Api(api.plate, key).get(f"/streams/{path}?ticket={ticket}").status == 401
    for path in ("tickets", "add", "read", "command"):
        answer = Api(api.plate, "").post(f"/streams/{path}?ticket={ticket}", {})
        assert (answer.status, answer.code) == (401, "missing_authorization")
    # Nor does it where a key is expected.
    assert Api(api.plate, ticket).get("/streams/tail/events").status == 401
