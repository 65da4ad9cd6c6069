"""Compile the requirements: from what we use, every package that is installed, with its version.

Versions that stand in the .txt files already stay as they are; `--upgrade` takes the newest.
With `--check` nothing is written, and the exit status says whether .txt and .in agree.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent

NAMES = ("requirements", "requirements-dev", "requirements-bench")
"""In their order: each builds upon those before it."""

OLDEST_PYTHON = "3.11"

COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON),
    *("--no-emit-index-url", "--no-emit-find-links", "--strip-extras"),
    *("--annotation-style", "line", "--custom-compile-command", "make requirements"),
)


def compile_in(directory: Path, *options: str) -> None:
    """Renew the .txt files of a directory. Raises subprocess.CalledProcessError."""
    for name in NAMES:
        files = (f"{name}.in", "--output-file", f"{name}.txt")
        words = [sys.executable, "-m", *COMPILE, *options, *files]
        subprocess.run(words, cwd=directory, check=True, stdout=subprocess.DEVNULL)


def differing(*options: str) -> list[str]:
    """The files that compiling would change."""
    with TemporaryDirectory() as copy:
        for name in NAMES:
            for path in (ROOT / f"{name}.in", ROOT / f"{name}.txt"):
                shutil.copy(path, copy)
        compile_in(Path(copy), *options)
        names = [f"{name}.txt" for name in NAMES]
        return [name for name in names if _text(ROOT / name) != _text(Path(copy) / name)]


def check() -> int:
    """Name the files that do not agree; the exit status."""
    changed = _differing_offline() and differing()
    if changed:
        print(f"Not compiled from their .in: {', '.join(changed)}. Run `make requirements`.")
    return bool(changed)


def _differing_offline() -> bool:
    """Whether something differs by what uv has seen before, or could not be found out from it."""
    try:
        return bool(differing("--offline", "--quiet"))
    except subprocess.CalledProcessError:
        return True


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main() -> int:
    """Compile or check, as the arguments say; the exit status."""
    try:
        if sys.argv[1:] == ["--check"]:
            return check()
        compile_in(ROOT, *sys.argv[1:])
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
