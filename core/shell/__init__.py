"""The work of the app from a shell, as JSON lines: `python -m core --help`."""
