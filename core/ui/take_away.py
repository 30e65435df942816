"""What a page shows, as files that run without this app."""

from collections.abc import Callable

import streamlit as st

from core.experiments.race.offers import race_of
from core.experiments.race.spec import RaceSpec
from core.export.lesson import LessonSpec
from core.settings.limits import MAX_EMBEDDED_BYTES
from core.settings.values import Settings
from core.ui.choices import Choices
from core.ui.lab import ask_worker
from core.ui.page import fragment
from core.ui.texts import current_text


@fragment
def take_away(
    choices: Choices,
    name: str,
    *,
    batch_size: int | None = None,
    step: int = 1,
    race: Callable[[Settings, str], RaceSpec] = race_of,
    own: Callable[[Settings, str], object] | None = None,
) -> None:
    """At the foot of a page: its notebook, called `name`, and its race as a script. They have the batch of this size
    and step, the race that `race` makes of the choices and their text, and a chapter of the lesson's own experiment, if
    it has one. Made when it is opened, and by a worker, which reads the sources: this process has no torch.

    A fragment and what it is given live as long as the session: no function of a page's own, which would keep all that
    the page has in its variables.
    """
    with st.expander("Take it away", icon=":material/download:", key="take_away", on_change="rerun") as opened:
        if not opened.open:
            return
        text = current_text(choices)
        raced = race(choices.settings, text)
        mine = own(choices.settings, text) if own else None
        lesson = LessonSpec(race=raced, batch_size=batch_size or choices.batch_size, step=step, own=mine)
        notebook = ask_worker("core.export:export_notebook", lesson)
        script = ask_worker("core.export:export_script", raced)
        also = ", and this lesson's own measurement, as it is set here" if own else ""
        st.markdown(
            f"The text, the batches, the model and a race over the batch sizes{also}, to run without this app: with "
            "torch, pandas and altair. The notebook reads as a lesson; the script does the race."
        )
        offer("Notebook, for Jupyter or Colab", notebook, f"{name}.ipynb", "application/x-ipynb+json")
        offer("Script, one Python file", script, "race.py", "text/x-python")
        text = raced.text[: raced.excerpt or None]
        if len(text.encode()) > MAX_EMBEDDED_BYTES and raced.tokenizer != "bpe":  # whose tokens stand there
            offer("The text, to keep beside them: it is too long to stand in them", text, "text.txt", "text/plain")


def offer(label: str, content: str, file_name: str, mime: str) -> None:
    st.download_button(label, content, file_name, mime, key=f"take_{file_name}", on_click="ignore", width="stretch")
