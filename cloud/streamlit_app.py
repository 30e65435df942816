"""The entrypoint for Community Cloud: the same app. Only the requirements, which stand beside it, are others."""

import sys
from pathlib import Path

if __name__ == "__main__":  # as in the root's: a worker process reads this file too
    root = str(Path(__file__).resolve().parents[1])
    if root not in sys.path:  # once a server: this file is run at every visit
        sys.path.insert(0, root)
    from core.ui.page import run_app

    run_app()
