"""What the visitor chose: one state for all pages, that survives changing pages. All of it but the text is in the URL.

The settings are declared in `core/settings/`. A widget is asked for by its setting, `choices.number("seed")`, and has
the setting's label, bounds and options, but for those that a page gives. What a prepared page locks can be seen and not
changed, what it hides is not drawn; here is the one place for both.
"""

from collections.abc import Callable, Collection

import streamlit as st

from core.settings.declared import SETTINGS
from core.settings.setting import Choice, Number, Setting, Several, Whole, WrongValue
from core.settings.values import Settings
from core.ui.glossary import explain

LARGE_WIDTH = 1.5  # of a widget that is given its pixels, where a projector's letters are larger
STATE, NOTES, PAGE, DRAWN = "_choices", "_notes", "_page", "_drawn_choices"
HELPS = {"seed": explain("seed")}  # of settings whose name is a term


class Choices:
    """The visitor's choices as attributes, and widgets that set them."""

    def __init__(self):
        if STATE not in st.session_state:
            st.session_state[STATE], st.session_state[NOTES] = Settings.from_url(st.query_params.to_dict())
        self.settings: Settings = st.session_state[STATE]

    def __getattr__(self, name: str):
        if name == "settings":  # not there yet
            raise AttributeError(name)
        return getattr(self.settings, name)

    def set(self, **values) -> None:
        """Set choices; widgets that are drawn later in this run show them. What a prepared page keeps stays."""
        self.settings.update(**{name: value for name, value in values.items() if not self.settings.fixed(name)})

    def correct(self, **values) -> None:
        """Set choices that cannot be as they are, also those that a prepared page keeps."""
        self.settings.update(**values)

    def drawn(self) -> dict[str, str]:
        """The settings that this page has shown in this session: the label of each."""
        return st.session_state.setdefault(DRAWN, {}).setdefault(st.session_state.get(PAGE), {})

    def draws(self, name: str, label: str = "") -> bool:
        """Whether a widget for this setting may be drawn."""
        self.drawn()[name] = (label or SETTINGS[name].label).split(" (")[0]
        return name not in self.hide

    def add_note(self, note: str) -> None:
        """A sentence for the top of the page that comes next."""
        st.session_state[NOTES].append(note)

    def take_notes(self) -> list[str]:
        """What was corrected, in the URL or in a widget, a sentence each; reported once."""
        notes, st.session_state[NOTES] = st.session_state[NOTES], []
        return notes

    def write_url(self) -> None:
        """The URL says all choices that differ from their defaults. Unknown parameters are dropped."""
        params = self.settings.to_url()
        if st.query_params.to_dict() != params:
            st.query_params.from_dict(params)

    # ---- widgets: the choice goes in, and what the visitor does to it comes back before the next run

    def number(self, name: str, label: str = "", where=st, high: float | None = None, **options) -> float:
        """For a whole number or a number; `high` where something measured bounds it more tightly."""
        setting = SETTINGS[name]
        assert isinstance(setting, Whole | Number)
        high = setting.high if high is None else high
        self.correct(**{name: min(max(getattr(self, name), setting.low), high)})
        usual = {"step": setting.step} | ({"format": "%g"} if isinstance(setting, Number) else {})
        return self._widget(
            setting, where.number_input, label, min_value=setting.low, max_value=high, **usual | options
        )

    def select(self, name: str, label: str = "", where=st, options: Collection = (), **more):
        """For one of the setting's options, or of those that are given, in a menu."""
        return self._one_of(name, where.selectbox, label, options, **more)

    def segments(self, name: str, label: str = "", where=st, options: Collection = (), **more):
        """The same side by side."""
        return self._one_of(name, where.segmented_control, label, options, required=True, **more)

    def pills(self, name: str, label: str = "", where=st, options: Collection = (), **more):
        """The same side by side, on several lines where there is no room."""
        return self._one_of(name, where.pills, label, options, required=True, wrap=True, **more)

    def several(self, name: str, label: str = "", where=st) -> None:
        """For several numbers, the usual ones from the menu or any others typed in."""
        setting, now = SETTINGS[name], getattr(self, name)
        assert isinstance(setting, Several)
        label = label or setting.label
        if not self.draws(name, label):
            return
        st.session_state[widget_key(name)] = [setting.shown(value) for value in now]
        where.multiselect(
            label,
            [setting.shown(value) for value in sorted({*setting.usual, *now})],
            key=widget_key(name),
            max_selections=setting.at_most,
            accept_new_options=True,
            placeholder="Choose at least one",
            disabled=self.settings.fixed(name),
            on_change=self._take_several,
            args=(setting, label),
        )

    def _one_of(self, name: str, make: Callable, label: str, options: Collection, **more):
        setting = SETTINGS[name]
        if isinstance(setting, Choice):
            options = options or setting.options
        return self._widget(setting, make, label, options=tuple(options), **{"format_func": setting.shown} | more)

    def _widget(self, setting: Setting, make: Callable, label: str, **options):
        name, key = setting.name, widget_key(setting.name)
        if not self.draws(name, label):
            return getattr(self, name)
        st.session_state[key] = getattr(self, name)  # always: a widget's own memory does not survive a change of page
        options = {"help": HELPS.get(name), "disabled": self.settings.fixed(name)} | options
        if self.present and isinstance(options.get("width"), int):
            options["width"] = round(LARGE_WIDTH * options["width"])
        make(label or setting.label, key=key, on_change=self._take, args=(name,), **options)
        return getattr(self, name)

    def _take(self, name: str) -> None:
        value = st.session_state[widget_key(name)]
        if value is not None:
            self.set(**{name: value})

    def _take_several(self, setting: Setting, label: str) -> None:
        """What was chosen, if it can be; otherwise the last good ones stand, and a sentence says why."""
        try:
            self.set(**{setting.name: setting.read(",".join(st.session_state[widget_key(setting.name)]))})
        except WrongValue as why:
            self.add_note(f"Could not set “{label.split(' (')[0]}” ({why}). The previous values are kept.")


def widget_key(name: str) -> str:
    return f"choice_{name}"
