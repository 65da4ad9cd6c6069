"""The README's requests, run as a newcomer would, and its pointers."""

import re
import shutil
import subprocess
from collections.abc import Callable

import orjson
import pytest

from plates_project.paths import BASE_DIR
from tests.servers import LivePlate

RUN_SECONDS = 60


def readme() -> str:
    return (BASE_DIR / "README.md").read_text()


def requests(plate: LivePlate) -> str:
    """The block of curl commands, for this plate, and without the long wait."""
    _, after = readme().split("In another terminal:")
    found = re.match(r"(?:    .*\n|\n)+", after)
    assert found
    script = re.sub(r"^    ", "", found[0], flags=re.M)
    base = str(plate.http.base_url).removeprefix("http://").rstrip("/")
    script = script.replace("localhost:8000/demo", f"{base}/{plate.name}").replace("30000", "300")
    return re.sub(r"^API_KEY=.*$", f"API_KEY={plate.key}", script, flags=re.M)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_requests_to_try_work(server: object, live_plate: Callable[[], LivePlate]) -> None:
    plate = live_plate()
    script = requests(plate)
    done = subprocess.run(
        ["bash", "-euc", script.replace("curl ", "echo; curl -s ")],
        capture_output=True,
        timeout=RUN_SECONDS,
        check=True,
    )
    answers = [orjson.loads(line) for line in done.stdout.split(b"\n") if line.strip()]
    assert len(answers) == script.count("curl ") == 4
    assert all(answer["ok"] for answer in answers)
    assert answers[1]["data"]["result"] == [
        [answers[0]["data"]["result"], ["type", "signup", "user_id", "123"]]
    ]


def test_it_points_to_every_page() -> None:
    pages = {str(path.relative_to(BASE_DIR)) for path in (BASE_DIR / "docs").glob("*.md")}
    linked = set(re.findall(r"\]\(([^)]+)\)", readme()))
    assert pages <= linked
    assert all((BASE_DIR / target).exists() for target in linked)
