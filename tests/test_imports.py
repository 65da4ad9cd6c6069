"""What tests share stands in modules of its own, where one looks for it; and what comes late."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from plates_project.paths import BASE_DIR

TESTS = BASE_DIR / "tests"


def imported(path: Path) -> Iterator[str]:
    """The full names of all that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_of_a_test_module(name: str) -> bool:
    package, *rest = name.split(".")
    return package == "tests" and any(part.startswith("test_") for part in rest)


def test_nothing_is_imported_from_a_test_module() -> None:
    assert is_of_a_test_module("tests.domain.test_ids.MAX")
    found = {
        f"{path.relative_to(BASE_DIR)}: {name}"
        for path in TESTS.rglob("*.py")
        for name in imported(path)
        if is_of_a_test_module(name)
    }
    assert not found


def test_the_door_of_the_embedded_database_imports_no_driver() -> None:
    """gunicorn's main process uses it, and each worker imports the driver after the fork."""
    program = "import sys, plates_project.embedded; sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, check=True, timeout=60)
