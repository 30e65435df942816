"""What is said where the loss on new text comes up again."""

import numpy as np
import pytest

from core.measure.comparison import rise_of
from core.ui.overfitting import overfitting_sentence

X = np.array([0, 1_000, 2_000, 3_000])
SEEDS = np.array([-0.01, 0.0, 0.02])


def rise(*means):
    return rise_of(X, np.array(means)[:, None] + SEEDS)


def test_a_loss_that_has_come_up_again_is_told_with_the_lowest_points_of_all():
    said = overfitting_sentence({"B = 4": rise(4, 2, 2.5, 3), "B = 64": rise(4, 3, 2.5, 2.2)}, 1_500, vocab_size=65)
    assert "B = 4 from 2.00 (after 1k tokens) to 3.00" in said and "B = 64 from" not in said
    assert (
        "read it 2.00 times" in said
        and "B = 4 2.00, B = 64 2.20" in said
        and "ln V" not in said
        and "in every run" in said
    )


def test_losses_above_those_of_a_guess_are_called_so():
    said = overfitting_sentence({"random": rise(3.2, 3.1, 3.5, 4.1), "shuffled": rise(3.2, 3.1, 4.0, 5.0)}, 100, 20)
    assert "All of them now lie above ln V = 3.00" in said and "read it 30.0 times" in said


@pytest.mark.parametrize("means", [(4, 3, 2, 1), (4, 2, 2, 2.04)])
def test_nothing_is_said_of_a_loss_that_falls_or_of_a_trifle(means):
    assert overfitting_sentence({"B = 4": rise(*means)}, 1_500, vocab_size=65) == ""


def test_nothing_is_said_where_a_run_has_not_come_up():
    losses = np.array([[4.0, 4.0, 4.0], [2.0, 2.3, 2.0], [2.5, 2.2, 2.1]])
    assert overfitting_sentence({"B = 4": rise_of(X[:3], losses)}, 1_500, vocab_size=65) == ""
    assert "from 2.00" in overfitting_sentence(
        {"B = 4": rise_of(X[:3], losses[:, :1])}, 1_500, 65
    )  # one seed: as it is
    assert rise_of(X[:1], losses[:1]) is None and overfitting_sentence({}, 1_500, 65) == ""
