"""What proxies may say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.raw_http import connected
from tests.server.running import AppServer, request


def scope_of(server: AppServer, *lines: str, target: str = "/scope") -> dict[str, Any]:
    with connected(server) as connection:
        scope: dict[str, Any] = json.loads(
            connection.send(request("GET", target, *lines)).answer().body
        )
        return scope


def test_a_trusted_proxy_tells_the_scheme_and_nothing_else(server: AppServer) -> None:
    forwarded = ("X-Forwarded-Ssl: on", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Port: 1")
    scope = scope_of(server, *forwarded)
    assert (scope["scheme"], scope["client"][0]) == ("http", "127.0.0.1")
    assert scope_of(server, *forwarded, "X-Forwarded-Proto: https")["scheme"] == "https"
    assert scope_of(server, "X-Forwarded-Proto: http")["scheme"] == "http"


def test_nobody_else_tells_it(tmp_path: Path) -> None:
    with AppServer(tmp_path, FORWARDED_ALLOW_IPS="192.0.2.1") as server:
        assert scope_of(server, "X-Forwarded-Proto: https")["scheme"] == "http"


@pytest.mark.parametrize(
    ("target", "raw_path", "path", "query"),
    [
        ("/scope?a=%20&b", "/scope", "/scope", "a=%20&b"),
        ("/scop%65?a?b", "/scop%65", "/scope", "a?b"),
        ("http://localhost/scope?a", "/scope", "/scope", "a"),
        ("/scope#a?b", "/scope", "/scope", ""),
    ],
)
def test_the_target_is_split_into_path_and_query(
    server: AppServer, target: str, raw_path: str, path: str, query: str
) -> None:
    scope = scope_of(server, target=target)
    assert (scope["raw_path"], scope["path"], scope["query_string"]) == (raw_path, path, query)
