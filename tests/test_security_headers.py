"""Headers that tell browsers to be careful."""

import httpx
import pytest

from tests.servers import Server

PATHS = [
    "/",
    "/healthz",
    "/none",
    "/demo/streams",
    "/admin/",
    "/admin/login/",
    "/admin/none/",
    "/static/admin/css/base.css",
    "/static/none",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_to_be_sniffed(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}{path}", timeout=30)
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("path", PATHS)
def test_strict_transport_is_asked_for_behind_tls(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}{path}", headers={"X-Forwarded-Proto": "https"}, timeout=30)
    assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=3600"]


@pytest.mark.parametrize("path", PATHS)
def test_strict_transport_is_not_asked_for_without_tls(server: Server, path: str) -> None:
    assert "Strict-Transport-Security" not in httpx.get(f"{server.url}{path}", timeout=30).headers
