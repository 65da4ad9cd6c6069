"""The console's own words: the same everywhere, and true."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streams.models import Plate

KINDS = ["plate", "apikey", "stream", "consumergroup", "consumer"]


@pytest.fixture
def console(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def text_of(console: Client, url: str) -> str:
    response = console.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_start_page_and_the_menu_call_a_list_the_same(console: Client) -> None:
    response = console.get("/admin/")

    on_page = {
        model["admin_url"]: model["name"]
        for app in response.context["app_list"]
        for model in app["models"]
    }
    in_menu = {
        item["link"]: item["title"]
        for section in response.context["sidebar_navigation"]
        for item in section["items"]
    }
    assert on_page == in_menu
    assert {"Users", "Groups", "API keys", "Consumer groups"} <= set(in_menu.values())


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_says_that_it_is_empty(kind: str, console: Client) -> None:
    text = text_of(console, f"/admin/streams/{kind}/")

    assert re.search(r"There are no (\w|\s)+ yet\.", text)
    assert "Create" not in text
    assert "Show all" not in text


@pytest.mark.parametrize("query", ["q=x", "is_enabled__exact=0"])
def test_a_list_without_matches_says_so(query: str, console: Client) -> None:
    Plate.objects.create(name="acme")

    text = text_of(console, f"/admin/streams/plate/?{query}")

    assert "Nothing matches the search and the filters." in text
    assert 'href="?"' in text
    assert "Create" not in text


def test_a_page_beyond_the_end_says_so(console: Client) -> None:
    Plate.objects.create(name="acme")

    assert "The list ends before this page." in text_of(console, "/admin/streams/plate/?p=2")
