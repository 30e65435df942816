"""Where a page's file stands. Streamlit looks beside the entrypoint, which is the root's or that in `cloud/`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def page_file(path: str) -> Path:
    """The file of a page that is called by its path from the root, "pages/start.py"."""
    return ROOT / path
