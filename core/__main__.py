"""`python -m core`: the work of the app from a shell, see `core/shell/`."""

import sys


def main() -> int:
    """Run the command line; whoever interrupts it, also while it loads, gets 130 and no traceback."""
    try:
        from core.shell.program import run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
