"""Where things are on disk."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEFAULT_DATA_DIRECTORY = BASE_DIR / ".data"


def data_directory() -> Path:
    """The directory for what must survive a restart: DATA_DIR or the default."""
    return Path(os.environ.get("DATA_DIR") or DEFAULT_DATA_DIRECTORY).absolute()
