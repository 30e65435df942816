"""A setting is declared once: what stands in its line is in the URL, on its widget, in a shell and in recordings."""

import sys
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.batches import ORDERS, PACKERS
from core.corpus import DOCUMENT_SOURCES, TOKENIZERS
from core.experiments.kind import Offer, Spec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import OFFERS
from core.lab.recording import RECORDINGS, read_recording, spec_to_record
from core.settings.declared import SETTINGS
from core.settings.setting import Whole
from core.settings.values import Settings
from core.shell.program import app
from core.strategies import ACCUMULATION_MISTAKES, PARALLEL_MISTAKES, TARGETS
from core.training import BETA2_RULES, LR_RULES


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("order", ORDERS),
        ("tokenizer", TOKENIZERS),
        ("lr_rule", LR_RULES),
        ("beta2_rule", BETA2_RULES),
        ("targets", TARGETS),
        ("accumulation_mistake", ACCUMULATION_MISTAKES),
        ("rank_mistake", ("", *PARALLEL_MISTAKES)),
        ("packing_strategy", PACKERS),
        ("documents", ("pasted", *DOCUMENT_SOURCES)),
    ],
)
def test_options_are_those_that_there_are_in_their_order(name, options):
    assert tuple(SETTINGS[name].options) == tuple(options)
    assert len({SETTINGS[name].shown(option) for option in options}) == len(options)


class Reading:
    """The defaults, and which of them were read."""

    def __init__(self):
        self.read = set()

    def __getattr__(self, name):
        self.read.add(name)
        return SETTINGS[name].default


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_names_the_settings_that_it_is_made_from(name):
    settings = Reading()
    OFFERS[name].of(settings, "")
    assert settings.read == set(OFFERS[name].settings)
    assert len(OFFERS[name].settings) == len(settings.read) and name in SETTINGS


def on_auto(spec: Spec) -> Spec:
    """Not as it was recorded: on the fastest device."""
    if isinstance(spec, RaceSpec):
        return replace(spec, train=replace(spec.train, device="auto"))
    return replace(spec, race=on_auto(spec.race))


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_what_its_page_offers_by_default(name):
    assert on_auto(read_recording(RECORDINGS[name]).spec) == on_auto(spec_to_record(name))
    if name in OFFERS:
        assert spec_to_record(name) == OFFERS[name].of(Settings(), "")


# ---- a new setting


@pytest.fixture
def depth(monkeypatch):
    """A setting more, and an offer that is made from it."""
    monkeypatch.setitem(SETTINGS, "depth", Whole("depth", 3, "How deep", low=1, high=9))
    offer = Offer(RaceSpec, "dive", lambda settings, text: settings.depth, ("source", "depth"))
    monkeypatch.setitem(OFFERS, "dive", offer)


def test_a_new_setting_is_in_the_address(depth):
    assert Settings().depth == 3 and Settings().to_url() == {}
    assert Settings.from_url({"depth": "5"}) == (Settings(depth=5), [])
    assert Settings(depth=5).to_url() == {"depth": "5"}
    note = "The address's “depth” could not be used (it goes from 1 to 9); the default is used."
    assert Settings.from_url({"depth": "12"}) == (Settings(), [note])


def page_with_depth():
    import streamlit as st

    from core.ui.choices import Choices

    choices = Choices()
    choices.number("depth")
    st.text(f"depth {choices.depth}")
    choices.write_url()


def test_a_new_setting_has_a_widget(depth):
    test = AppTest.from_function(page_with_depth)
    test.query_params["depth"] = "5"
    test.run()
    box = test.number_input(key="choice_depth")
    assert (box.label, box.value, box.min, box.max) == ("How deep", 5, 1, 9)
    box.set_value(7).run()
    assert test.text[0].value == "depth 7" and dict(test.query_params) == {"depth": "7"}


def test_a_new_setting_is_an_option_in_a_shell(depth, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["core", "dive", "--help"])
    assert main() == 0
    said = capsys.readouterr().out
    assert "--depth N" in said and "How deep  [default: 3]" in said
    assert app().commands["dive"].make_context("dive", ["--depth=4"]).params["depth"] == 4
    monkeypatch.setattr(sys, "argv", ["core", "dive", "--depth=12"])
    assert main() == 2
    assert capsys.readouterr().err == "batchscope: Invalid value for '--depth': it goes from 1 to 9.\n"
