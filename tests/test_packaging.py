"""What can be known of the container files where there is no Docker."""

import json
import re
import shlex
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from plates_project.paths import BASE_DIR

CONFIGURATION = (BASE_DIR / "docs" / "configuration.md").read_text()
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()

# What the image of PostgreSQL reads, not we.
DATABASE_VARIABLES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file, by name."""
    parsed = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
    assert set(parsed["volumes"]) == {"database"}
    services: dict[str, Any] = parsed["services"]
    return services


def instructions(word: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile."""
    return re.findall(rf"^{word} (.+)$", DOCKERFILE, re.MULTILINE)


def test_every_service_is_checked_and_waited_for(services: dict[str, Any]) -> None:
    assert set(services) == {"database", "web"}
    assert all("healthcheck" in service for service in services.values())
    assert services["web"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_the_data_is_in_a_volume(services: dict[str, Any]) -> None:
    assert services["database"]["image"] == "postgres:18"
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql"]


def test_every_command_exists(services: dict[str, Any]) -> None:
    words = services["web"]["command"]
    assert words[:2] == ["python", "manage.py"]
    assert words[2] in get_commands()
    assert [json.loads(line) for line in instructions("CMD")] == [words]


def test_every_variable_is_documented(services: dict[str, Any]) -> None:
    ours = {*services["web"]["environment"], *_set_in_the_image()} - {"PYTHONUNBUFFERED"}
    assert ours
    assert {name for name in ours if f"`{name}`" not in CONFIGURATION} == set()
    assert set(services["database"]["environment"]) == DATABASE_VARIABLES


def test_every_setting_is_documented() -> None:
    settings = (BASE_DIR / "plates_project" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings)) | {"DATA_DIR"}
    assert {name for name in names if f"`{name}`" not in CONFIGURATION} == set()


def test_no_secret_is_in_the_file(services: dict[str, Any]) -> None:
    assert services["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${")
    assert services["web"]["environment"]["SECRET_KEY"].startswith("${")
    password = services["web"]["environment"]["DATABASE_URL"].split("plates:")[1]
    assert password.startswith("${POSTGRES_PASSWORD:?")


def test_the_image_holds_what_the_server_needs_and_no_more() -> None:
    copied = {shlex.split(line)[0] for line in instructions("COPY")}
    assert copied == {"requirements.txt", "manage.py", "plates_project", "streams"}
    assert all((BASE_DIR / name).exists() for name in copied)
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_image_does_not_run_as_root() -> None:
    (user,) = instructions("USER")
    assert user == "plates"
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nCMD ")
    data = re.search(r"DATA_DIR=(\S+)", DOCKERFILE)
    assert data
    assert f"--owner={user} {PurePosixPath(data[1])}" in DOCKERFILE


def _set_in_the_image() -> set[str]:
    return {pair.split("=")[0] for line in instructions("ENV") for pair in line.split()}
