"""A race to take away: a Python file, or a notebook, that trains it again with torch, pandas and altair and nothing of
this project.

`plain_race.py` is the training loop, written out for a reader; `pieces.py` reads it and the real modules as source;
`script.py` and `notebook.py` put the files together.
"""

from core.lab.export.notebook import export_notebook
from core.lab.export.script import export_script

__all__ = ["export_notebook", "export_script"]
