"""A training step in sentences, from reports that are written by hand."""

import numpy as np
import pytest

from core.lessons.inside_one_step import words
from core.measure.reports import GradientReport, OneByOne, Update, UpdateReport

ADAMW, SGD = Update(moved={}, loss=2.5, fresh_loss=3.25), Update(moved={}, loss=3.0, fresh_loss=3.0)


def gradients(*lengths: float) -> GradientReport:
    return GradientReport(
        norm=2.0, layer_norms={}, norms=np.array(lengths), cosines=np.ones(len(lengths)), largest_difference=1e-6,
        weights={},
    )  # fmt: skip


def update(clipped_to: float) -> UpdateReport:
    return UpdateReport(
        loss=3.0, fresh_loss=3.0, norm=2.0, clipped_to=clipped_to, weight_norms={}, adamw=ADAMW, sgd=SGD
    )


def test_a_batch_is_picked_by_the_seed_and_the_step():
    text = words.batch_sentence(1000, (4, 8), seed=7, step=2)
    assert text.startswith(
        "From 1,000 tokens, step 2 picks **4 windows**: x and y, each (B, T) = (4, 8). Only the seed"
    )
    assert "**1 window**" in words.batch_sentence(1000, (1, 8), 0, 1)


def test_the_forward_pass_is_given_by_the_probability_of_the_right_token():
    # one half and one quarter: three eighths on average; 1 / 4
    text = words.forward_sentence(np.log([[2.0, 4.0]]), 4)
    assert "(B, T) = (1, 2), becomes logits, (B, T, V) = (1, 2, 4)" in text
    assert "the right token **37.5%** on average; a blind guess, 1 / V, gives 25.0%." in text


def test_the_loss_is_a_mean_of_b_times_t():
    text = words.loss_sentence(3.5, (4, 8), 4)
    assert text.startswith("The loss of this step, as training takes it: **3.5000** nats per token.")
    assert "the mean of 4 × 8 = 32 losses" in text and text.endswith("ln V = 1.3863.")  # 2 ln 2


def test_examples_that_disagree_have_a_shorter_mean():
    text = words.gradient_sentences(gradients(5.0, 7.0))
    assert text.startswith("The 2 examples pull") and "**3.00 times shorter**" in text
    assert "nothing to average" in words.gradient_sentences(gradients(2.0))


def test_a_clipped_gradient_is_said_to_be():
    assert words.norm_sentences(update(1.0)).startswith("The gradient's length is 2, clipped to 1. Both rules")
    assert words.norm_sentences(update(2.0)).startswith("The gradient's length is 2. Both rules")


def test_an_update_is_given_by_what_it_did_to_both_batches():
    assert words.update_sentence(update(1.0)) == (
        "AdamW changes the loss by **−0.5000** on this batch and by **+0.2500** on the next (nats per token). "
        "SGD changes the loss by **+0.0000** on this batch and by **+0.0000** on the next (nats per token)."
    )


def test_a_position_is_shown_with_twelve_tokens_before_it():
    assert words.position_label(list("abcdefghijklmnop"), "q", 15) == "after “efghijklmnop” comes “q”"
    assert words.position_label(["a"], "b", 0) == "after “a” comes “b”"


@pytest.mark.parametrize(("length", "some"), [(2, ""), (4, " (its first 2 of 4 positions)")])
def test_a_row_is_as_many_questions_as_were_asked_of_it(length, some):
    text = words.position_sentences(1, np.array([1.0, 2.0]), np.array([1.0, 2.0, 9.0, 9.0])[:length])
    assert text.startswith(f"Row 1{some} was run as **2 separate questions**")
    assert "add up to 3.0000 nats; divided by 2: **1.5000**" in text and "row gives **1.5000**" in text


def test_one_by_one_is_given_turn_by_turn():
    report = OneByOne(
        loss=2.0, mean_loss=2.0, largest_difference=1e-7, together_seconds=(1.0, 2.0), one_by_one_seconds=(4.0, 6.0)
    )
    text = words.one_by_one_sentences(report, 64)
    assert "2 times each way" in text and "from 3 to 4." in text and "the mean of 64; the gradients" in text
