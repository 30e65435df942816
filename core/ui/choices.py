"""What the visitor chose: one state for all pages, that survives changing pages. All of it but the text is in the URL.

The settings are declared in `core/settings/`. A widget is asked for by its setting: `choices.number("seed", ...)`.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from core.settings.declared import SETTINGS, read_url

STATE, NOTES = "_choices", "_notes"


class Choices:
    """The visitor's choices as attributes, and widgets that set them."""

    def __init__(self):
        if STATE not in st.session_state:
            st.session_state[STATE], st.session_state[NOTES] = read_url(st.query_params.to_dict())
        self.values: dict = st.session_state[STATE]

    def __getattr__(self, name: str):
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def set(self, **values) -> None:
        """Set choices from the program; widgets that are drawn later in this run show them."""
        assert values.keys() <= SETTINGS.keys()
        self.values.update(values)

    def tell(self, note: str) -> None:
        """A sentence for the top of the page that comes next."""
        st.session_state[NOTES].append(note)

    def take_notes(self) -> list[str]:
        """What was put right, in the URL or in a widget, a sentence each; told once."""
        notes, st.session_state[NOTES] = st.session_state[NOTES], []
        return notes

    def write_url(self) -> None:
        """The URL says all choices that differ from their defaults. Unknown parameters are dropped."""
        params = {
            setting.param: setting.write(self.values[name])
            for name, setting in SETTINGS.items()
            if self.values[name] != setting.default
        }
        if st.query_params.to_dict() != params:
            st.query_params.from_dict(params)

    # ---- widgets: the choice goes in, and what the visitor does to it comes back before the next run

    def widget(self, name: str, make: Callable, label: str, *args, **options):
        key = widget_key(name)
        st.session_state[key] = self.values[name]  # always: a widget's own memory does not survive a change of page
        make(label, *args, key=key, on_change=self._take, args=(name,), **options)
        return self.values[name]

    def _take(self, name: str) -> None:
        value = st.session_state[widget_key(name)]
        if value is not None:
            self.values[name] = value

    def number(self, name: str, label: str, low: int, high: int, where=st, **options) -> int:
        self.values[name] = min(max(self.values[name], low), high)
        options = {"step": 1} | options
        return self.widget(name, where.number_input, label, low, high, **options)

    def select(self, name: str, label: str, options: Sequence, where=st, **more):
        return self.widget(name, where.selectbox, label, options, **more)

    def segments(self, name: str, label: str, options: Sequence, where=st, **more):
        return self.widget(name, where.segmented_control, label, options, required=True, **more)


def widget_key(name: str) -> str:
    return f"choice_{name}"
