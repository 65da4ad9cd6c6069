"""What operators do with plates and keys on the command line."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams.commands.plates import RESERVED_NAMES
from streams.domain.scopes import Scope
from streams.models import ApiKey, Plate
from tests.api import Api

pytestmark = pytest.mark.django_db


def told(*words: str) -> dict[str, Any]:
    """What a command prints with --json: one object, nothing else."""
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    facts = json.loads(out.getvalue())
    assert isinstance(facts, dict)
    return facts


def printed(*words: str) -> str:
    """What a command prints for people."""
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def refusal(*words: str) -> str:
    """Why a command refuses."""
    with pytest.raises(CommandError) as caught:
        call_command(*words)
    return str(caught.value)


def status_of(plate: str, key: str) -> int:
    """What a client with that key gets for a question."""
    return Api(plate, key).get("/streams/length/events").status


class TestCreateplate:
    def test_it_works(self) -> None:
        facts = told("createplate", "acme")
        assert set(facts) == {"plate", "api_key"}
        assert facts["plate"] == "acme"
        assert status_of("acme", facts["api_key"]) == 200

    def test_its_key_may_manage(self) -> None:
        told("createplate", "acme")
        assert ApiKey.objects.get().scope == Scope.MANAGE

    def test_it_keeps_no_key_in_clear(self) -> None:
        key = told("createplate", "acme")["api_key"]
        row = ApiKey.objects.get()
        assert key.startswith("plt_")
        assert len(key) == 47
        assert row.prefix == key[:16]
        assert len(row.digest) == 32
        assert key.encode() not in bytes(row.digest)

    def test_it_prints_plate_and_key_for_people_too(self) -> None:
        text = printed("createplate", "acme")
        assert "acme" in text
        assert "plt_" in text

    @pytest.mark.parametrize("name", ["a", "0", "_", "-", "A-b_9", "a" * 64])
    def test_it_takes_any_name_of_the_alphabet(self, name: str) -> None:
        # As an operator must, who wants a name that begins with a hyphen.
        out = io.StringIO()
        call_command("createplate", "--json", "--", name, stdout=out)
        assert json.loads(out.getvalue())["plate"] == name

    @pytest.mark.parametrize(
        "name", ["", " ", "a b", "a/b", "a.b", "é", "a\n", "a" * 65, "a%20", "٣", "a:b", "a\x00"]
    )
    def test_it_refuses_other_names(self, name: str) -> None:
        assert "cannot name a plate" in refusal("createplate", name)
        assert not Plate.objects.exists()

    @pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
    def test_it_refuses_reserved_names(self, name: str) -> None:
        assert "reserved" in refusal("createplate", name)

    def test_it_refuses_a_name_that_is_taken(self) -> None:
        told("createplate", "acme")
        assert refusal("createplate", "acme") == "plate 'acme' exists already"
        assert ApiKey.objects.count() == 1

    def test_names_differ_by_case(self) -> None:
        told("createplate", "acme")
        assert told("createplate", "Acme")["plate"] == "Acme"


class TestCreatekey:
    @pytest.fixture(autouse=True)
    def _plate(self) -> None:
        Plate.objects.create(name="acme")

    def test_it_works(self) -> None:
        facts = told("createkey", "acme")
        key = ApiKey.objects.get()
        assert facts == {
            "plate": "acme",
            "api_key": facts["api_key"],
            "id": key.pk,
            "scope": "write",
            "name": "",
            "expires_at": None,
        }
        assert status_of("acme", facts["api_key"]) == 200

    def test_it_takes_scope_name_and_lifetime(self) -> None:
        before = datetime.now(UTC)
        facts = told(
            "createkey", "acme", "--scope", "read", "--name", "dashboard", "--expires-in", "90d"
        )
        assert (facts["scope"], facts["name"]) == ("read", "dashboard")
        expires_at = datetime.fromisoformat(facts["expires_at"])
        assert timedelta(0) <= expires_at - before - timedelta(days=90) < timedelta(minutes=1)

    @pytest.mark.parametrize("text", ["45s", "30m", "12h", "90d", "2w"])
    def test_it_takes_every_unit(self, text: str) -> None:
        assert told("createkey", "acme", "--expires-in", text)["expires_at"]

    @pytest.mark.parametrize(
        "text",
        ["", "90", "d", "90 d", "1.5d", "90D", "90days", "1e3d", "+1d", "٣d"],
    )
    def test_it_refuses_other_durations(self, text: str) -> None:
        assert "is not a duration" in refusal("createkey", "acme", f"--expires-in={text}")

    def test_it_refuses_to_make_a_key_that_is_dead_at_birth(self) -> None:
        assert "live for some time" in refusal("createkey", "acme", "--expires-in", "0d")

    @pytest.mark.parametrize("text", ["9" * 20 + "d", "999999999w", "9999999w"])
    def test_it_refuses_lifetimes_beyond_the_calendar(self, text: str) -> None:
        assert "long" in refusal("createkey", "acme", "--expires-in", text)
        assert not ApiKey.objects.exists()

    def test_it_refuses_an_unknown_plate(self) -> None:
        assert refusal("createkey", "acne") == "there is no plate 'acne'"

    def test_it_refuses_an_unknown_scope(self) -> None:
        assert "invalid choice: 'admin'" in refusal("createkey", "acme", "--scope", "admin")

    def test_it_refuses_a_name_that_is_too_long(self) -> None:
        assert told("createkey", "acme", "--name", "n" * 100)
        assert "at most 100" in refusal("createkey", "acme", "--name", "n" * 101)


class TestRevokekey:
    def test_it_works(self) -> None:
        key = told("createplate", "acme")["api_key"]
        row = ApiKey.objects.get()
        assert status_of("acme", key) == 200
        assert told("revokekey", str(row.pk)) == {
            "plate": "acme",
            "id": row.pk,
            "prefix": key[:16],
            "scope": "manage",
        }
        assert status_of("acme", key) == 401

    @pytest.mark.parametrize("length", [5, 16, 47])
    def test_it_finds_a_key_by_any_length_of_it(self, length: int) -> None:
        key = told("createplate", "acme")["api_key"]
        assert key[:16] in printed("revokekey", key[:length])
        assert status_of("acme", key) == 401

    def test_it_leaves_other_keys_alone(self) -> None:
        first = told("createplate", "acme")["api_key"]
        second = told("createkey", "acme")["api_key"]
        told("revokekey", second)
        assert (status_of("acme", first), status_of("acme", second)) == (200, 401)

    def test_it_revokes_nothing_that_could_be_more_than_one_key(self) -> None:
        told("createplate", "acme")
        told("createkey", "acme")
        assert "more than one API key begins with 'plt_'" in refusal("revokekey", "plt_")
        assert not ApiKey.objects.exclude(revoked_at=None).exists()

    def test_a_key_stays_revoked_since_the_first_time(self) -> None:
        key = told("createplate", "acme")["api_key"]
        told("revokekey", key)
        since = ApiKey.objects.get().revoked_at
        told("revokekey", key)
        assert ApiKey.objects.get().revoked_at == since

    @pytest.mark.parametrize("meant", ["", "0", "99999999999999999999", "plt_.", "%", "x" * 47])
    def test_it_refuses_what_is_no_key(self, meant: str) -> None:
        told("createplate", "acme")
        assert "there is no API key" in refusal("revokekey", meant)

    def test_it_does_not_repeat_a_whole_key(self) -> None:
        assert "y" * 40 not in refusal("revokekey", "y" * 47)


class TestListkeys:
    def test_it_works(self) -> None:
        key = told("createplate", "acme")["api_key"]
        told("createplate", "other")
        (facts,) = told("listkeys", "acme")["keys"]
        assert facts | {"id": 0, "created_at": ""} == {
            "id": 0,
            "plate": "acme",
            "prefix": key[:16],
            "scope": "manage",
            "state": "active",
            "created_at": "",
            "expires_at": None,
            "name": "",
        }

    def test_it_lists_the_keys_of_all_plates(self) -> None:
        told("createplate", "b")
        told("createplate", "a")
        assert [key["plate"] for key in told("listkeys")["keys"]] == ["a", "b"]

    def test_it_tells_the_state_of_each_key(self) -> None:
        told("createplate", "acme")
        revoked, expired = told("createkey", "acme"), told("createkey", "acme")
        told("revokekey", revoked["api_key"])
        ApiKey.objects.filter(pk=expired["id"]).update(expires_at=datetime.now(UTC))
        assert self.states() == ["active", "revoked", "expired"]
        told("disableplate", "acme")
        assert self.states() == ["plate disabled", "revoked", "expired"]

    def states(self) -> list[str]:
        return [key["state"] for key in told("listkeys", "acme")["keys"]]

    def test_it_never_shows_a_key(self) -> None:
        key = told("createplate", "acme")["api_key"]
        assert key[:16] in printed("listkeys")
        assert key[:17] not in printed("listkeys")

    def test_it_refuses_an_unknown_plate(self) -> None:
        assert refusal("listkeys", "acme") == "there is no plate 'acme'"


class TestDisableplate:
    def test_it_works(self) -> None:
        key = told("createplate", "acme")["api_key"]
        assert status_of("acme", key) == 200
        assert told("disableplate", "acme") == {"plate": "acme", "state": "disabled"}
        assert status_of("acme", key) == 401

    def test_it_can_be_undone(self) -> None:
        key = told("createplate", "acme")["api_key"]
        told("disableplate", "acme")
        assert printed("disableplate", "acme", "--enable") == "plate acme is enabled\n"
        assert status_of("acme", key) == 200

    def test_it_shows_in_the_list_of_keys(self) -> None:
        told("createplate", "acme")
        told("disableplate", "acme")
        assert told("listkeys")["keys"][0]["state"] == "plate disabled"

    def test_it_refuses_an_unknown_plate(self) -> None:
        assert refusal("disableplate", "acme") == "there is no plate 'acme'"
