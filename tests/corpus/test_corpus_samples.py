"""Every entry of the menu can be opened, read and trained on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.corpus import LUMO, SUO, TIKO, build_corpus, check_block_size, clean_text, samples

ROOT = Path(__file__).parents[2]
NAMES = list(samples())


def test_the_menu():
    assert NAMES == ["lighthouse", "bees", "kitchen", "mill", "greetings", "python-docs", "lumo", "tiko", "suo"]


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_described(name):
    sample = samples()[name]
    assert sample.name == name and re.fullmatch(r"[a-z-]+", name)
    assert sample.title and sample.licence and sample.description.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_clean_and_long_enough(name):
    text = samples()[name].text
    assert clean_text(text) == (text, [])
    check_block_size(build_corpus(text), block_size=128)


@pytest.mark.parametrize("name", ["lighthouse", "bees", "kitchen", "mill"])
def test_a_small_text_has_a_small_vocabulary(name):
    text = samples()[name].text
    assert text.isascii() and 6_000 <= len(text) <= 9_000
    assert build_corpus(text).tokenizer.vocab_size <= 70


def test_the_multilingual_text_has_many_characters():
    assert build_corpus(samples()["greetings"].text).tokenizer.vocab_size > 250


def test_the_large_text():
    assert len(samples()["python-docs"].text) > 300_000


@pytest.mark.parametrize(("name", "language"), [("lumo", LUMO), ("tiko", TIKO), ("suo", SUO)])
def test_a_made_up_language_has_a_floor(name, language):
    sample = samples()[name]
    assert sample.floor_nats == language.entropy_rate_nats > 0.3
    assert len(sample.text) == 300_000 and set(sample.text) == set(language.symbols)


def test_a_text_is_read_once():
    assert samples()["mill"].text is samples()["mill"].text


def test_the_repr_does_not_hold_the_text():
    sample = samples()["mill"]
    assert sample.text[:40] not in repr(sample)


def test_importing_reads_nothing_and_loads_no_large_library():
    code = (
        "import sys, core.corpus; core.corpus.samples(); "
        "print({'tokenizers', 'pydoc_data.topics', 'torch', 'streamlit', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
