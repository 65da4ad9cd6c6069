"""The users' own JavaScript, run by Node against a real server."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import LivePlate

EXAMPLES = Path(__file__).parent / "javascript" / "examples.mjs"
OLDEST_NODE = 18
RUN_SECONDS = 60


def node() -> str:
    """The path of a Node that has fetch; skips without one, which CI does not allow."""
    path = shutil.which("node")
    reason = f"Node {OLDEST_NODE} or newer is not installed"
    if path is not None:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        found = re.match(r"v(\d+)", version.stdout)
        if found and int(found[1]) >= OLDEST_NODE:
            return path
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_the_users_examples_run(server: object, live_plate: Callable[[], LivePlate]) -> None:
    program, plate = node(), live_plate()
    done = subprocess.run(
        [program, str(EXAMPLES), str(plate.http.base_url).rstrip("/"), plate.name, plate.key],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [
        "add",
        "length",
        "range",
        "read",
        "trim",
        "command",
        "key command",
        "groups/create",
        "groups/read",
    ]
