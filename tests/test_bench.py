"""The one way into the benchmark."""

import re

import pytest

from bench.__main__ import STUDIES, main
from plates_project.paths import BASE_DIR

PAGES = [BASE_DIR / "Makefile", BASE_DIR / "README.md", *(BASE_DIR / "docs").rglob("*.md")]


def test_alone_it_lists_the_studies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = re.findall(r"^    ([\w-]+)", capsys.readouterr().out, re.MULTILINE)
    assert listed == list(STUDIES)


@pytest.mark.parametrize("study", STUDIES)
def test_each_study_tells_its_options(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([study, "--help"])
    assert ended.value.code == 0
    assert f"python -m bench {study}" in capsys.readouterr().out


def test_the_commands_in_makefile_and_docs_are_studies() -> None:
    texts = [page.read_text() for page in PAGES]
    named = [name for text in texts for name in re.findall(r"-m bench(\S* \S+)", text)]
    assert {" full", " quick", " pending-list"} <= set(named)
    assert set(named) <= {f" {study}" for study in STUDIES}


def test_an_unknown_section_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["quick", "growth", "nothing"])
    assert ended.value.code == 2
    assert "no section 'nothing'" in capsys.readouterr().err
