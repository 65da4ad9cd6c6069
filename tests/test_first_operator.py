"""The recipe for the first operator, in docs/console.md, run as it stands there."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from plates_project.paths import BASE_DIR
from tests.servers import COMMAND_SECONDS, Server, clean_environment, new_database

pytestmark = pytest.mark.slow


def recipe() -> str:
    """The command for scripts."""
    page = (BASE_DIR / "docs" / "console.md").read_text()
    (line,) = re.findall(r"^    (.*createsuperuser --noinput.*)$", page, flags=re.M)
    return str(line)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with the names that the recipe uses."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "manage.py").symlink_to(BASE_DIR / "manage.py")
    return tmp_path


def run_recipe(checkout: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-c", recipe()],
        cwd=checkout,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Superuser created successfully.\n"), done.stderr


def test_it_makes_an_operator_who_can_log_in(server: Server, checkout: Path) -> None:
    run_recipe(checkout, server.environment)

    found = re.search(r"PASSWORD='(.+?)'.* --username (\S+)", recipe())
    assert found
    with httpx.Client(base_url=server.url, timeout=30) as http:
        http.get("/admin/login/")
        form = {
            "username": found[2],
            "password": found[1],
            "csrfmiddlewaretoken": http.cookies["csrftoken"],
            "next": "/admin/",
        }
        answer = http.post("/admin/login/", data=form)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
        assert http.get("/admin/").status_code == 200


def test_it_works_before_the_first_start(database_url: str, checkout: Path) -> None:
    with new_database(database_url) as url:
        run_recipe(checkout, {**clean_environment(), "DATABASE_URL": url})
