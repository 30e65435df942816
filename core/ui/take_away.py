"""The race that the choices describe, as files that run without this app."""

from collections.abc import Callable

import streamlit as st

from core.lab.cluster import LabError
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.texts import current_race, plan_of

FILES = {  # by who makes it: the name, what kind of file it is, and what the button says
    "export_notebook": ("race.ipynb", "application/x-ipynb+json", "Notebook, for Jupyter or Colab"),
    "export_script": ("race.py", "text/x-python", "Script, one Python file"),
}


@st.fragment
def take_away(choices: Choices, say: Callable[[Exception], None]) -> None:
    """Made when it is opened: a worker reads the sources, for this process has no torch. `say` tells a mistake."""
    with st.expander("Take it away", icon=":material/download:", key="take_away", on_change="rerun") as opened:
        if not opened.open:
            return
        st.markdown(
            "The text, the batches, the model and the race over the batch sizes, as they are set, to run without this "
            "app: with torch, pandas and altair. A text over 200 kB has to be put beside it."
        )
        spec = current_race(choices, plan_of(choices))
        try:
            with st.spinner("Writing …"):
                made = {name: server().lab.call(f"core.lab.export:{name}", spec) for name in FILES}
        except (ValueError, LabError) as error:
            say(error)
            return
        for name, (file_name, mime, label) in FILES.items():
            st.download_button(
                label, made[name], file_name, mime, key=f"take_{name}", on_click="ignore", width="stretch"
            )
