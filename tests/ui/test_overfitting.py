"""What is said where the loss on new text comes up again."""

import numpy as np
import pytest

from core.measure.comparison import overfit_of, running_mean
from core.ui.sentences import overfitting_sentence

X = np.arange(0, 10_000, 1_000)  # 10 evaluations
SEEDS = np.array([-0.01, 0.0, 0.02])


def rise(*means, at_end=5):
    """Of three runs whose losses have these means, and the last of them for a while."""
    means = np.repeat(means, [1] * (len(means) - 1) + [at_end])
    return overfit_of(X[: len(means)], means[:, None] + SEEDS)


def test_a_loss_that_has_come_up_again_is_told_with_the_lowest_points_of_all():
    falls = rise(4, 3, 2.8, 2.6, 2.4, 2.2)
    text = overfitting_sentence({"B = 4": rise(4, 2, 2, 2, 2.5, 3), "B = 64": falls}, 3_000, vocab_size=65)
    assert "in every run: B = 4 from 2.00 (after 1k tokens) to 3.00." in text
    assert "read its text 3.00 times" in text and "B = 4 2.00, B = 64 2.20" in text and "ln V" not in text


def test_losses_above_those_of_a_guess_are_called_so():
    rises = {"random": rise(3.2, 3.1, 3.1, 3.1, 3.5, 4.1), "shuffled": rise(3.2, 3.1, 3.1, 3.1, 4.0, 5.0)}
    assert "All of them now lie above ln V = 3.00" in overfitting_sentence(rises, 100, 20)


@pytest.mark.parametrize("means", [(4, 3, 2, 2, 2, 1), (4, 2, 2, 2, 2, 2.09)])
def test_nothing_is_said_of_a_loss_that_falls_or_of_a_trifle(means):
    assert overfitting_sentence({"B = 4": rise(*means)}, 1_500, vocab_size=65) == ""


def test_nothing_is_said_before_the_text_was_read_once():
    rises = {"B = 4": rise(4, 2, 2, 2, 2.5, 3)}
    assert overfitting_sentence(rises, 8_999, 65) and not overfitting_sentence(rises, 9_001, 65)


def test_nothing_is_said_where_a_run_has_not_come_up_or_there_is_too_little_to_tell():
    losses = np.array([4.0, 2, 2, 2, 2.5, 3, 3, 3, 3, 3])[:, None] * np.ones(3)
    assert overfit_of(X, losses).matters
    losses[4:, 2] = 2.05
    assert not overfit_of(X, losses).matters
    assert overfit_of(X, losses[:, :1]) is None and overfit_of(X[:7], losses[:7]) is None
    assert overfitting_sentence({}, 1_500, 65) == ""


def test_flat_noisy_curves_are_rarely_said_to_rise():
    noise = np.random.default_rng(0).normal(0, 0.05, (400, 20, 3))
    alarms = sum(overfit_of(np.arange(20), losses).matters for losses in noise)
    plain = sum((losses[-1] - losses[losses.mean(axis=1).argmin()]).min() > 0.05 for losses in noise)
    assert alarms <= 2 < plain


def test_a_running_mean_is_narrow_where_a_loss_falls_fast_and_takes_what_there_is_at_the_end():
    losses = np.arange(24.0)[:, None] ** 2
    smooth = running_mean(losses, 9)[:, 0]
    assert smooth[:4].tolist() == losses[:4, 0].tolist() and smooth[4] == losses[3:6].mean()
    assert smooth[16] == losses[12:21].mean() and smooth[-1] == losses[-5:].mean()
