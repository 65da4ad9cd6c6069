"""Searching the console for names, written as it shows them."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streams.admin import shown
from streams.models import ApiKey, Plate, Stream


@pytest.fixture
def console(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def plate(db: None) -> Plate:
    return Plate.objects.create(name="acme")


def found(console: Client, query: str, kind: str = "stream") -> list[str]:
    """The keys that a search finds."""
    response = console.get(f"/admin/streams/{kind}/?q={quote(query)}")
    assert response.status_code == 200
    return [getattr(row, "key", None) or row.name for row in response.context["cl"].result_list]


NAMES = ["nul\0key", "two\nlines", "back\\slash", "C:\\new", "wide\u00a0space", "\U000e0001", "é"]


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_a_name_by_what_it_shows(name: str, console: Client, plate: Plate) -> None:
    Stream.objects.bulk_create(Stream(plate=plate, key=key) for key in [*NAMES, "other"])

    assert found(console, shown.plain(name)) == [name]


@pytest.mark.parametrize("query", ["nul\0key", "\0", "l\0k", r"\x00", r"l\x00k"])
def test_it_finds_a_nul(query: str, console: Client, plate: Plate) -> None:
    for key in ("nul\0key", "nulkey", r"nul\x00key"):
        Stream.objects.create(plate=plate, key=key)

    assert found(console, query) == ["nul\0key"]


@pytest.mark.parametrize(
    "query", ["no\0ne", r"\u202e", r"\ud800", r"\U00110000", "\\", r"\x0", r"\d"]
)
def test_what_is_in_no_name_finds_nothing(query: str, console: Client, plate: Plate) -> None:
    Stream.objects.create(plate=plate, key="nul\0key")

    assert found(console, query) == []


@pytest.mark.parametrize("query", ["\\", r"\d", "C:\\d", r"\\d", r"\ud8"])
def test_a_backslash_that_begins_no_escape_is_one(
    query: str, console: Client, plate: Plate
) -> None:
    Stream.objects.create(plate=plate, key="C:\\dir\\ud8")

    assert found(console, query) == ["C:\\dir\\ud8"]


@pytest.mark.parametrize("kind", ["plate", "apikey"])
def test_columns_that_take_no_nul_hold_none(kind: str, console: Client, plate: Plate) -> None:
    ApiKey.objects.create(
        plate=plate, scope="read", prefix="plt_x", digest=hashlib.sha256().digest()
    )

    assert found(console, "\0", kind) == []


def test_what_was_searched_for_is_shown(console: Client, plate: Plate) -> None:
    text = console.get("/admin/streams/stream/?q=nul%00key").content.decode()

    assert r'value="nul\x00key"' in text
    assert "\0" not in text


def test_a_plate_to_filter_by_has_no_nul(console: Client, plate: Plate) -> None:
    query: dict[str, Any] = {
        "app_label": "streams",
        "model_name": "stream",
        "field_name": "plate",
        "term": "a\0",
    }

    assert console.get("/admin/autocomplete/", query).json()["results"] == []


@pytest.mark.parametrize("name", ["", "plain", "\0\n\r\t\\", "\\x00", "\x7f\u202e\U000e0001 é😀"])
def test_what_is_shown_means_the_name(name: str) -> None:
    assert shown.meant(shown.plain(name)) == (name or '""')
