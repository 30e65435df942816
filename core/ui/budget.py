"""Before an experiment begins on the visitor's own text: how often its budget reads that text, and one that fits."""

import math

import streamlit as st

from core.experiments.race.offers import VAL_FRACTION
from core.experiments.registry import OFFERS
from core.settings.declared import SETTINGS
from core.settings.setting import Whole
from core.ui.choices import Choices
from core.ui.lab import cached_corpus
from core.ui.sentences import offer_label, readings_sentence
from core.ui.texts import current_text

# up to four readings a repeated text teaches about as much as a new one would (Muennighoff and others 2023)
READINGS = 4
# of the largest batch: fewer are no curve, and of three seeds too few to tell its noise
STEPS = 12


def fitting(train_tokens: int, batch_tokens: int) -> int:
    """The budget, in tokens for each run, of a few readings of a text; but enough for some steps of the largest batch,
    each of so many tokens. Two digits, rounded up.

    >>> fitting(train_tokens=40_000, batch_tokens=2_048), fitting(train_tokens=592, batch_tokens=2_048)
    (160000, 25000)
    """
    wanted = max(READINGS * train_tokens, STEPS * batch_tokens)
    unit = 10 ** max(0, len(str(wanted)) - 2)
    return math.ceil(wanted / unit) * unit


def budget_setting(name: str) -> Whole | None:
    """The setting of an experiment's budget; None where it trains on none."""
    if OFFERS[name].spec.kind == "step_cost":
        return None
    found = (SETTINGS[each] for each in OFFERS[name].settings if SETTINGS[each].option == "max_tokens")
    return next((setting for setting in found if isinstance(setting, Whole)), None)


def show_budget(choices: Choices, name: str) -> None:
    """How often the budget reads the visitor's own text, and a button for a budget that fits, where that is half of it
    or less. Nothing for a sample."""
    setting = budget_setting(name)
    if setting is None or choices.source != "pasted":
        return
    try:
        race = OFFERS[name].of(choices.settings, current_text(choices)).race
        corpus = cached_corpus(race.text[: race.excerpt or None], race.tokenizer, VAL_FRACTION)
    except ValueError:  # a start says why
        return
    tokens, train_tokens = race.train.max_tokens, len(corpus.train_ids)
    batch_tokens = max(race.train.batch_sizes) * race.block_size
    chosen = getattr(choices, setting.name)
    part = chosen // tokens  # a sweep of the claims takes a part of what was chosen
    offered = max(setting.low, part * fitting(train_tokens, batch_tokens))
    words, button = st.columns([2.3, 1], vertical_alignment="center")
    words.markdown(readings_sentence(tokens, train_tokens, batch_tokens))
    if 2 * offered <= chosen and not choices.fixed(setting.name):
        label = offer_label(offered // part, train_tokens)
        button.button(label, key=f"{name}_budget", on_click=choices.set, kwargs={setting.name: offered})
