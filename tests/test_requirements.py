"""The requirements: all that is used is named with its reason, all that is named is pinned."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from plates_project.paths import BASE_DIR

FILES = ("requirements", "requirements-dev", "requirements-bench")


def named(file: str) -> dict[str, str]:
    """What a .in file names itself, with the reasons it gives."""
    lines = (BASE_DIR / f"{file}.in").read_text().splitlines()
    pairs = (line.partition("#")[::2] for line in lines if re.match(r"\w", line))
    return {canonicalize_name(Requirement(what).name): why.strip() for what, why in pairs}


def pinned(file: str) -> set[str]:
    """What a .txt file gives a version to."""
    lines = (BASE_DIR / f"{file}.txt").read_text().splitlines()
    requirements = [Requirement(line.partition("#")[0]) for line in lines if line[0] != "#"]
    assert all(str(requirement.specifier).startswith("==") for requirement in requirements)
    return {canonicalize_name(requirement.name) for requirement in requirements}


def imported(*directories: str) -> set[str]:
    """The distributions that the modules of these directories import."""
    known = packages_distributions()
    names = {name for place in directories for name in _imported_in(BASE_DIR / place)}
    return {canonicalize_name(known[name][0]) for name in names if name in known}


def _imported_in(directory: Path) -> Iterator[str]:
    for path in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", FILES)
def test_all_that_is_named_has_its_reason(file: str) -> None:
    assert {name for name, reason in named(file).items() if not reason} == set()


@pytest.mark.parametrize("file", FILES)
def test_all_that_is_named_is_pinned(file: str) -> None:
    assert named(file).keys() - pinned(file) == set()


def test_all_that_the_service_imports_is_named() -> None:
    assert imported("streams", "plates_project") - named("requirements").keys() == set()


def test_all_that_the_tests_import_is_named() -> None:
    names = named("requirements").keys() | named("requirements-dev").keys()
    assert imported("tests", "scripts") - names == set()
