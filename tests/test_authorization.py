"""Keys: whose they are, what they allow, and how little a wrong one learns."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from streams.commands import plates
from streams.models import ApiKey, Plate
from streams.wakeups import announcing
from tests.api import Answer, Api
from tests.loop import run

pytestmark = pytest.mark.django_db


def with_scope(api: Api, scope: str) -> Api:
    """A client of the same plate whose key has that scope only."""
    text = f"plt_{secrets.token_urlsafe(8)}"
    ApiKey.objects.create(
        plate=Plate.objects.get(name=api.plate),
        scope=scope,
        prefix=text[:8],
        digest=sha256(text.encode()).digest(),
    )
    return Api(api.plate, text)


def denied(answer: Answer) -> bool:
    return answer.status == 401 and answer.body["error"] == {
        "code": "invalid_authorization",
        "message": "authorization denied",
    }


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}", "BEARER {}", " {} "])
def test_it_takes_both_forms_of_the_header(api: Api, form: str) -> None:
    assert Api(api.plate, form.format(api.key)).get("/streams/length/none").status == 200


@pytest.mark.parametrize("header", ["", " "])
def test_it_asks_for_a_missing_header(api: Api, header: str) -> None:
    answer = Api(api.plate, header).get("/streams/length/none")
    assert answer.status == 401
    assert answer.body["error"] == {
        "code": "missing_authorization",
        "message": "authorization header is required",
    }
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "form", ["x{}", "{}x", "Basic {}", "Bearer", "Token {}", "é", "Bearer x {}"]
)
def test_it_denies_what_is_no_key(api: Api, form: str) -> None:
    assert denied(Api(api.plate, form.format(api.key)).get("/streams/length/none"))


def test_it_denies_another_plates_key(api: Api, other_api: Api) -> None:
    assert denied(Api(api.plate, other_api.key).get("/streams/length/none"))


def test_it_denies_every_key_on_an_unknown_plate(api: Api) -> None:
    assert denied(Api("nowhere", api.key).get("/streams/length/none"))


@pytest.mark.parametrize("plate", ["%00", "plate%00", "%FF", "Plate", "pl\u00e4te", "a" * 2000])
def test_it_denies_every_key_where_no_name_of_a_plate_stands(api: Api, plate: str) -> None:
    assert denied(Api(plate, api.key).get("/streams/length/none"))


def test_a_remembered_key_is_no_key_of_another_plate(api: Api, other_api: Api) -> None:
    assert api.get("/streams/length/none").status == 200
    assert denied(Api(other_api.plate, api.key).get("/streams/length/none"))


def test_it_denies_a_revoked_key_at_once(api: Api) -> None:
    assert api.get("/streams/length/none").status == 200
    ApiKey.objects.filter(plate__name=api.plate).update(revoked_at=datetime.now(UTC))
    run(announcing.announce_api_keys_changed())
    assert denied(api.get("/streams/length/none"))


def test_it_denies_an_expired_key_even_if_it_is_remembered(api: Api) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    ApiKey.objects.filter(plate__name=api.plate).update(expires_at=soon)
    assert api.get("/streams/length/none").status == 200
    ApiKey.objects.filter(plate__name=api.plate).update(
        expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    run(announcing.announce_api_keys_changed())
    assert denied(api.get("/streams/length/none"))


def test_it_denies_every_key_of_a_disabled_plate(api: Api) -> None:
    Plate.objects.filter(name=api.plate).update(is_enabled=False)
    run(announcing.announce_api_keys_changed())
    assert denied(api.get("/streams/length/none"))


READS = [
    ("XLEN", "a"),
    ("XRANGE", "a", "-", "+"),
    ("XREVRANGE", "a", "+", "-"),
    ("XREAD", "STREAMS", "a", "0"),
    ("XINFO", "STREAM", "a"),
    ("XPENDING", "a", "g"),
]
WRITES = [
    ("XADD", "a", "*", "f", "v"),
    ("XDEL", "a", "1-0"),
    ("XTRIM", "a", "MAXLEN", "0"),
    ("XSETID", "a", "1-0"),
    ("XGROUP", "CREATE", "a", "g", "$", "MKSTREAM"),
    ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", ">"),
    ("XACK", "a", "g", "1-0"),
    ("XCLAIM", "a", "g", "c", "0", "1-0"),
    ("XAUTOCLAIM", "a", "g", "c", "0", "0"),
]


@pytest.mark.parametrize("words", READS)
def test_the_scope_read_is_enough_to_look(api: Api, words: tuple[str, ...]) -> None:
    assert with_scope(api, "read").send(*words).status != 403


@pytest.mark.parametrize("words", WRITES)
def test_the_scope_read_is_not_enough_to_change(api: Api, words: tuple[str, ...]) -> None:
    answer = with_scope(api, "read").send(*words)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "/streams/add",
        "/streams/trim",
        "/streams/delete",
        "/streams/groups/create",
        "/streams/groups/read",
        "/streams/groups/ack",
        "/streams/groups/claim",
        "/streams/groups/autoclaim",
    ],
)
def test_the_scope_comes_before_the_body(api: Api, path: str) -> None:
    answer = with_scope(api, "read").request("POST", path, raw=b"nonsense")
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("words", WRITES)
def test_the_scope_write_is_enough_for_every_command(api: Api, words: tuple[str, ...]) -> None:
    assert with_scope(api, "write").send(*words).status != 403


def test_only_the_scope_manage_deletes_a_stream(api: Api) -> None:
    api.run("XADD", "events", "*", "f", "v")
    assert with_scope(api, "write").delete("/streams/events").code == "forbidden"
    assert api.delete("/streams/events").result == 1
    assert api.delete("/streams/events").result == 0


@pytest.mark.parametrize("path", ["/pipeline", "/transaction"])
def test_a_batch_with_one_command_beyond_the_scope_is_refused_whole(api: Api, path: str) -> None:
    answer = with_scope(api, "read").post(path, [["XLEN", "a"], ["XADD", "a", "*", "f", "v"]])
    assert (answer.status, answer.code) == (403, "forbidden")
    assert api.run("XLEN", "a") == 0


def test_reserved_names_are_no_plates() -> None:
    assert "healthz" in plates.RESERVED_NAMES
