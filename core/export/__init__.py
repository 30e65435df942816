"""A lesson to take away, as a notebook, or its race as a Python file: both run with torch, pandas and altair, and with
nothing of this project.

The notebook is written in `lessons/`, as Markdown. `sources.py` reads the real modules as source, and `plain/`, what is
written out for a reader; `script.py` and `notebook.py` put the files together, and `chapters.py` says what a lesson's
own chapter is filled with.
"""

from core.export.notebook import export_notebook
from core.export.script import export_script

__all__ = ["export_notebook", "export_script"]
