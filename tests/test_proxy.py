"""The service behind nginx, configured as docs/operations.md says, which ends TLS."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from plates_project.paths import BASE_DIR
from tests.polling import eventually
from tests.servers import LivePlate, Server, free_port, manage
from tests.tails import tail

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
NEEDS_NGINX = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="nginx or openssl is not installed"
)

PASSWORD = "correct horse battery"

# What a distribution's own nginx.conf has around a server.
AROUND = """
daemon off; {user} pid {directory}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}; proxy_temp_path {directory};
    fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
    {documented}
}}
"""


def documented() -> str:
    page = (BASE_DIR / "docs" / "operations.md").read_text()
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", page, flags=re.M | re.S)
    return str(block)


def replaced(text: str, **values: str) -> str:
    """The configuration with this test's ports and files; each of them stands in it."""
    for old, new in {
        "127.0.0.1:8000": values["server"],
        "listen 443 ssl": f"listen {values['listen']} ssl",
        "/etc/ssl/plates.crt": values["certificate"],
        "/etc/ssl/plates.key": values["key"],
    }.items():
        assert old in text
        text = text.replace(old, new)
    return text


def make_certificate(directory: Path) -> None:
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-keyout", str(directory / "key"), "-out", str(directory / "certificate")]
    subprocess.run(["openssl", *words.split(), names, *files], check=True, capture_output=True)


def configure(directory: Path, server: Server, port: int) -> Path:
    """Write nginx's configuration."""
    inner = replaced(
        documented(),
        server=f"127.0.0.1:{server.port}",
        listen=f"127.0.0.1:{port}",
        certificate=str(directory / "certificate"),
        key=str(directory / "key"),
    )
    # Its workers must reach the directory.
    user = "user root;" if os.geteuid() == 0 else ""
    path = directory / "nginx.conf"
    path.write_text(AROUND.format(user=user, directory=directory, documented=inner))
    return path


@pytest.fixture
def proxy(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of nginx in front of the server; httpx trusts its certificate."""
    assert NGINX is not None
    make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    process = subprocess.Popen([NGINX, "-c", str(configure(tmp_path, server, port))])
    try:
        eventually(lambda: answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def plate(proxy: str, live_plate: Callable[[], LivePlate]) -> Iterator[LivePlate]:
    """A plate whose client goes through nginx."""
    direct = live_plate()
    headers = {"Authorization": direct.key}
    with httpx.Client(base_url=proxy, headers=headers, timeout=30) as http:
        yield LivePlate(direct.name, direct.key, http)


@pytest.fixture(scope="module")
def operator(server: Server) -> str:
    """The name of a superuser of the server."""
    done = manage(
        *["createsuperuser", "--noinput", "--username", "proxied", "--email"],
        "",
        environment={**server.environment, "DJANGO_SUPERUSER_PASSWORD": PASSWORD},
    )
    assert done.returncode == 0, done.stderr
    return "proxied"


def log_in(http: httpx.Client, user: str, **headers: str) -> httpx.Response:
    """What the form answers, sent as a browser does."""
    http.get("/admin/login/")
    form = {
        "username": user,
        "password": PASSWORD,
        "csrfmiddlewaretoken": http.cookies.get("csrftoken", ""),
        "next": "/admin/",
    }
    return http.post("/admin/login/", data=form, headers={"Referer": str(http.base_url), **headers})


@NEEDS_NGINX
def test_an_operator_logs_in_over_tls(proxy: str, operator: str) -> None:
    with httpx.Client(base_url=proxy, timeout=30) as http:
        answer = log_in(http, operator, Origin=proxy)

        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
        assert http.get("/admin/").status_code == 200
        assert {cookie.name for cookie in http.cookies.jar} == {"csrftoken", "sessionid"}
        assert all(cookie.secure for cookie in http.cookies.jar)


@NEEDS_NGINX
def test_a_form_from_elsewhere_is_refused(proxy: str, operator: str) -> None:
    with httpx.Client(base_url=proxy, timeout=30) as http:
        assert log_in(http, operator, Origin="https://elsewhere.example").status_code == 403


@NEEDS_NGINX
def test_a_blocked_read_is_answered_when_there_is_something(plate: LivePlate) -> None:
    answers: list[object] = []

    def read() -> None:
        body = {"streams": [{"key": "k"}], "block_ms": 20_000}
        answers.append(plate.post("/streams/read", body).json()["data"]["result"])

    reader = threading.Thread(target=read)
    reader.start()
    eventually(lambda: plate.run("XADD", "k", "*", "f", "v") and not reader.is_alive())

    assert answers[0]


@NEEDS_NGINX
def test_a_tail_is_sent_on_as_it_comes(plate: LivePlate) -> None:
    with tail(plate, "/k") as opened:
        opened.opening()
        for entry_id in ("1-1", "1-2"):
            plate.run("XADD", "k", entry_id, "f", "v")
            assert opened.ids(1) == [entry_id]


@NEEDS_NGINX
def test_names_arrive_as_they_were_sent(plate: LivePlate) -> None:
    plate.run("XADD", "a/b%2F c+", "*", "f", "v")

    answer = plate.request("GET", "/streams/length/a%2Fb%252F%20c%2B")

    assert answer.json()["data"]["result"] == 1


@NEEDS_NGINX
def test_a_body_too_large_is_refused_in_our_form(plate: LivePlate) -> None:
    answer = plate.request("POST", "/streams/add", content=b" " * (16 * 1024 * 1024 + 1))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
