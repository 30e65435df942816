"""A race to take away: one Python file that trains it again, with torch, pandas and altair and nothing of this project.

`plain_race.py` is the training loop, written out for a reader; `pieces.py` reads it and the real modules as source;
`script.py` puts the file together.
"""

from core.lab.export.script import export_script

__all__ = ["export_script"]
