"""The floor under a loss curve has to be right: by hand for two states, and by counting for the real one."""

from itertools import pairwise
from math import log

import numpy as np
import pytest

from core.corpus import LUMO, SUO, TIKO, MarkovLanguage


def test_entropy_rate_of_two_states_by_hand():
    # pi P = pi: pi_a / 10 = pi_b / 2, so pi = (5/6, 1/6)
    language = MarkovLanguage("ab", np.array([[0.9, 0.1], [0.5, 0.5]]))
    assert language.stationary == pytest.approx([5 / 6, 1 / 6])
    by_hand = 5 / 6 * -(0.9 * log(0.9) + 0.1 * log(0.1)) + 1 / 6 * log(2)  # 0.386
    assert language.entropy_rate_nats == pytest.approx(by_hand)


def test_entropy_rate_of_a_fair_die():
    assert MarkovLanguage("123456", np.full((6, 6), 1 / 6)).entropy_rate_nats == pytest.approx(log(6))


def test_a_language_without_choice_has_no_entropy():
    assert MarkovLanguage.from_bags({"a": "b", "b": "a"}).entropy_rate_nats == pytest.approx(0)


def test_lumo_is_within_reach_of_a_small_model():
    assert 12 <= len(LUMO.symbols) <= 20
    assert 1.2 < LUMO.entropy_rate_nats < 2


@pytest.mark.parametrize(("language", "tolerance"), [(LUMO, 0.006), (TIKO, 0.008), (SUO, 0.06)])
def test_a_written_text_has_the_entropy_that_was_promised(language, tolerance):
    # within about four standard errors: 0.8 / sqrt(300,000) in Lumo, 20 times the variance in Suo's long moods
    text = language.write(300_000, seed=1)
    assert language.losses(text).mean() == pytest.approx(language.entropy_rate_nats, abs=tolerance)


def test_losses_by_counting():
    text = LUMO.write(300_000, seed=1)
    ids = np.array([LUMO.symbols.index(s) for s in text])
    counts = np.zeros((len(LUMO.symbols),) * 2)
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    surprise = -counts[counts > 0] @ np.log(p[counts > 0]) / counts.sum()
    assert surprise == pytest.approx(LUMO.losses(text).mean(), abs=0.002)


def test_the_three_languages_differ_in_entropy_and_in_how_much_windows_differ():
    assert TIKO.entropy_rate_nats < SUO.entropy_rate_nats < LUMO.entropy_rate_nats
    spread = {}
    for language in (LUMO, TIKO, SUO):
        losses = language.losses(language.write(64_001, seed=2)).reshape(-1, 32)
        spread[language] = 32 * losses.mean(axis=1).var() / losses.var()  # the design effect of a window of 32
    assert spread[SUO] > 10 > 2 > spread[TIKO] and spread[LUMO] < 2


def test_only_pairs_from_the_bags_are_written():
    text = MarkovLanguage.from_bags({"a": "bc", "b": "a", "c": "b"}).write(1000, seed=0)
    assert {a + b for a, b in pairwise(text)} == {"ab", "ac", "ba", "cb"}


def test_the_seed_decides():
    assert LUMO.write(100, seed=0) == LUMO.write(100, seed=0) != LUMO.write(100, seed=1)


def test_a_longer_text_begins_with_the_shorter():
    assert LUMO.write(100, seed=0).startswith(LUMO.write(40, seed=0))


def test_length():
    assert [len(LUMO.write(n, seed=0)) for n in (0, 1, 7)] == [0, 1, 7]


@pytest.mark.parametrize(
    ("symbols", "matrix", "said"),
    [
        ("", np.zeros((0, 0)), "needs symbols"),
        ("aa", np.full((2, 2), 0.5), "each of them once"),
        ("ab", np.full((3, 3), 1 / 3), "2 by 2"),
        ("ab", [[0.5, 0.6], [0.5, 0.5]], "sum to 1"),
        ("ab", [[1.5, -0.5], [0.5, 0.5]], "sum to 1"),
        ("ab", [[1, 0], [0, 1]], "never meet"),
    ],
)
def test_what_is_no_language(symbols, matrix, said):
    with pytest.raises(ValueError, match=said):
        MarkovLanguage(symbols, matrix)
