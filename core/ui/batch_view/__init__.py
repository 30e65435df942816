"""A batch beside the text that it was cut from, drawn in the browser: pointing at a cell reruns nothing.

The page gives plain data, made visible already (see `core.ui.batches.view_data`):

    {"block_size": T, "first_row": 0, "num_tokens": N, "unit": "character",
     "rows": [{"start": 137, "tokens": [T + 1 strings], "ids": [T + 1 numbers]}, ...],
     "excerpts": [{"start": 120, "tokens": [...], "breaks": [places after which a line ends]}, ...]}

`batch_view.js` puts it on the screen as text, never as HTML.
"""

from functools import cache
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
HTML = '<div class="batch" data-testid="batch-view"></div>'


@cache
def component():
    css, js = ((HERE / f"batch_view.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component("batch_view", html=HTML, css=css, js=js)


def batch_view(data: dict, *, key: str) -> None:
    """Draw the batch: the text with its windows marked, x and y, and one row as its T predictions."""
    component()(data=data, key=key)
