"""Where this machine keeps what it has found or saved. No torch here."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """BATCHSCOPE_CACHE, or the user's usual folder for such things."""
    return Path(os.environ.get("BATCHSCOPE_CACHE") or user_cache_path("batchscope", appauthor=False))
