"""Whether a request came over TLS: what proxies may say, and settings for those that do not."""

from pathlib import Path

import httpx
import pytest

from tests.servers import RunServer, Server, manage

pytestmark = pytest.mark.slow


def cookie_is_secure(server: Server, **headers: str) -> bool:
    with httpx.Client(base_url=server.url, timeout=30) as http:
        http.get("/admin/login/", headers=headers)
        (cookie,) = http.cookies.jar
        return cookie.secure


@pytest.mark.parametrize(
    ("headers", "is_secure"),
    [
        ({}, False),
        ({"X-Forwarded-Proto": "https"}, True),
        ({"X-Forwarded-Proto": "http"}, False),
        # A proxy that sets only the other would pass these on from the client.
        ({"X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "ssl"}, False),
    ],
)
def test_a_trusted_proxy_tells_of_tls(
    server: Server, headers: dict[str, str], is_secure: bool
) -> None:
    assert cookie_is_secure(server, **headers) is is_secure


def test_nobody_else_tells_of_tls(run_server: RunServer) -> None:
    with run_server(FORWARDED_ALLOW_IPS="192.0.2.1") as server:
        assert not cookie_is_secure(server, **{"X-Forwarded-Proto": "https"})


def test_settings_help_where_a_proxy_tells_nothing(run_server: RunServer) -> None:
    origin = "https://plates.example"
    settings = {"SECURE_COOKIES": "true", "CSRF_TRUSTED_ORIGINS": f"https://x.example, {origin}"}
    with run_server(**settings) as server:
        assert cookie_is_secure(server)
        cookies = {"Cookie": f"csrftoken={'t' * 32}"}
        form = {"username": "nobody", "password": "x", "csrfmiddlewaretoken": "t" * 32}
        statuses = [
            httpx.post(
                f"{server.url}/admin/login/",
                data=form,
                headers={**cookies, "Origin": asked},
                timeout=30,
            ).status_code
            for asked in (origin, "https://elsewhere.example")
        ]
        assert statuses == [200, 403]


@pytest.mark.parametrize("networks", ["x", "10.0.0.1/8", "127.0.0.1,,"])
def test_impossible_networks_are_refused_by_name(networks: str, tmp_path: Path) -> None:
    environment = {"FORWARDED_ALLOW_IPS": networks, "DATA_DIR": str(tmp_path)}

    done = manage("check", environment=environment)

    assert done.returncode == 1
    assert 'Environment variable "FORWARDED_ALLOW_IPS" invalid' in done.stderr
