"""Where things are on disk."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def data_directory() -> Path:
    """The directory for what must survive a restart: DATA_DIR, or `.data` beside manage.py."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").absolute()
