"""A batch and the text that it was cut from, drawn in the browser: pointing at a cell reruns nothing.

The page gives plain data, made visible already (see `core.ui.batches.view_data`):

    {"block_size": T, "first_row": 0, "num_tokens": N, "unit": "character",
     "rows": [{"start": 137, "tokens": [T + 1 strings], "ids": [T + 1 numbers]}, ...],
     "excerpts": [{"start": 120, "tokens": [...], "breaks": [places after which a line ends]}, ...]}

"unit" is what a token is: "character", "byte" or "token". `batch_view.js` puts all of it on the screen as text, never
as HTML.
"""

from pathlib import Path

import streamlit as st

from core.charts import PALETTES
from core.ui.elements import script

HERE = Path(__file__).parent
HTML = '<div class="batch" data-testid="batch-view"></div>'


def style() -> str:
    """The style sheet, with the colours that x and y have everywhere."""
    colors = [f'.batch[data-theme="{name}"] {{ --x: {p.x}; --y: {p.y}; }}\n' for name, p in PALETTES.items()]
    return "".join([(HERE / "batch_view.css").read_text(encoding="utf-8"), *colors])


component = st.components.v2.component("batch_view", html=HTML, css=style(), js=script(HERE / "batch_view.js"))


def batch_view(data: dict, *, key: str) -> None:
    """Draw the batch: the text with its windows marked, x and y, and one row as its T predictions."""
    component(data=data, key=key)
