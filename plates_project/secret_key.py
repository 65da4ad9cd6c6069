"""The key that signs sessions, for when SECRET_KEY is not set."""

import contextlib
import os
import secrets
import tempfile
from functools import cache
from pathlib import Path

FILE_NAME = "secret_key"
RANDOM_BYTES = 50


@cache
def kept_secret_key(data_directory: Path) -> str:
    """The key in that directory, created if missing. Only its owner can read the file."""
    path = data_directory / FILE_NAME
    if not path.exists():
        data_directory.mkdir(parents=True, exist_ok=True)
        _publish(path, secrets.token_urlsafe(RANDOM_BYTES))
    return path.read_text(encoding="ascii")


def _publish(path: Path, key: str) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE_NAME}-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
        # A link never shows a part of the key. If another process was first, its key is used.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
