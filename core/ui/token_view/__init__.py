"""A model's predictions at every position of a batch as a B x T heat map, drawn in the browser: pointing at a cell
reruns nothing.

The page gives plain data; tokens come made visible already, and losses as Python floats, in nats:

    {"mode": "loss" or "probability",     # cells show y[t], tinted by its loss; or x[t], by what y[t] was given,
                                          # fullest at the highest probability here: tints differ at step 1 too
     "block_size": T, "unit": "character",
     "uniform_nats": ln V,                # the loss of a blind guess; the tint is fullest from 1.5 times this on
     "rows": [{"row": 3, "start": 137, "tokens": [T + 1 strings], "losses": [T numbers], "mean": "2.3101",
               "top": [[[place in "names", probability], ... up to 5, the likeliest first], ... T times]}, ...],
     "names": [strings],                  # the tokens that "top" points at
     "mean": "2.3101"}                    # of all rows of the batch

"unit" is what a token is: "character", "byte" or "token". "mean", of a row or of the batch, is shown as it is, and in
the mode "loss" only. A loss that is not finite comes as None. New data with as many rows and positions keeps the cell
that was chosen. `token_view.js` puts all of it on the screen as text, never as HTML.
"""

from pathlib import Path

import streamlit as st

from core.charts import PALETTES
from core.ui.elements import script

HERE = Path(__file__).parent
HTML = '<div class="tokens" data-testid="token-view"></div>'
STRONGEST = {"light": 0.72, "dark": 0.5}  # the share of its hue in the fullest tint; text on it keeps 4.5:1
TINTS = 40


def style() -> str:
    """The style sheet, with the colours that x and y have everywhere, and the tints of the cells."""
    colors = [
        f'.tokens[data-theme="{name}"] {{ --x: {p.x}; --y: {p.y}; --strongest: {STRONGEST[name]:.0%}; }}\n'
        for name, p in PALETTES.items()
    ]
    tints = [
        f'[data-tint="{k}"] {{ background-color: color-mix(in srgb, '
        f"var(--hue) calc({k / TINTS} * var(--strongest)), var(--paper)); }}\n"
        for k in range(TINTS + 1)
    ]
    return "".join([(HERE / "token_view.css").read_text(encoding="utf-8"), *colors, *tints])


component = st.components.v2.component("token_view", html=HTML, css=style(), js=script(HERE / "token_view.js"))


def token_view(data: dict, *, key: str) -> None:
    """Draw the heat map, the legend of its tint, and what the model says at the cell that is pointed at."""
    component(data=data, key=key)
