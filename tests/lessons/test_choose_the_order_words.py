"""Sentences about the orders, from results and draws that are written by hand."""

import re
from dataclasses import replace

import from_messages
import numpy as np
import pytest

from core.batches import ORDERS, WindowStream
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.messages import Noise
from core.experiments.race.spec import RaceSpec
from core.lessons.choose_the_order.answers import (
    NOT_YET,
    epoch_answer,
    replacement_answer,
    seed_answer,
    shuffling_answer,
    source_sentence,
)
from core.lessons.choose_the_order.coverage import Drawn
from core.lessons.choose_the_order.words import (
    amount_sentence,
    answer_sentence,
    curve_sentences,
    difference_sentences,
    difference_text,
    diverged_sentence,
    last_losses_sentence,
    noise_sentence,
    numbers_of,
    panel_words,
    summary_of,
    theory_sentence,
    unread_sentence,
)
from core.measure.estimate import Estimate
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(4,), num_seeds=3, max_tokens=3200)
SPEC = OrdersSpec.of(RaceSpec(text="", block_size=8, train=PLAN))
AT = {"batch_size": 4, "step": 100}


def results_of(*messages: dict) -> OrdersResults:
    return from_messages.results_of(SPEC, messages)


def race(trained_gap: float = 1.0, **finals: list[float]) -> list[dict]:
    return [
        {"kind": "eval", **AT, "step": step, "order": order, "losses": values, "train_losses": train}
        for order, end in finals.items()
        for step, values, train in ((0, [4.0] * 3, [4.0] * 3), (100, end, [x * trained_gap for x in end]))
    ]


def curve(order: str, wave: float) -> list[dict]:
    """Noise of 0.1 nats, and means of 16 steps that vary `wave` times as much as independent losses'."""
    rest = {**AT, "order": order, "lag1": 0.0, "num_differences": 99}
    sigma = 0.1 * wave / 4
    return [
        {"kind": "noise", "sigma": 0.1, "low": 0.099, "high": 0.101, **rest},
        {"kind": "waves", "width": 16, "sigma": sigma, "low": 0.95 * sigma, "high": 1.05 * sigma, **rest},
    ]


APART = race(random=[2.0, 2.1, 2.2], shuffled=[1.9, 2.0, 2.1], sequential=[2.5, 2.6, 2.7])
DRAWN = {
    order: Drawn(stream, 12, stream.coverage(12))
    for order in ORDERS
    for stream in [WindowStream(num_tokens=97, block_size=8, order=order)]
}


def test_the_answer_is_the_lowest_order_and_how_much_higher_the_others_are():
    # means 2.1, 2.0 and 2.6; the differences are the same for every seed, so that their intervals are points
    assert answer_sentence(results_of(*APART), live=False) == (
        "**Shuffled** order has the lowest validation loss: 2.000 nats per token after 3.2k tokens. Random is 0.100 "
        "higher (95% interval +0.100 to +0.100). Sequential is 0.600 higher (95% interval +0.600 to +0.600)."
    )
    assert "lowest validation loss so far: 2.000" in answer_sentence(results_of(*APART), live=True)
    close = race(random=[2.0, 2.1, 2.2], shuffled=[1.9, 2.2, 2.1], sequential=[2.5, 2.6, 2.7])
    text = answer_sentence(results_of(*close), live=False)
    # differences 0.1, -0.1, 0.1: mean 0.0333, t(2) 4.303 x 0.11547 / sqrt(3) = 0.2869
    assert "Random is 0.033 higher (95% interval −0.254 to +0.320): **too close to call** with 3 runs." in text
    assert answer_sentence(results_of(), live=False) == "Which order learns most shows after the first validations."


def test_the_answer_says_whose_loss_moves_in_slow_waves():
    waves = [*curve("sequential", 4.0), *curve("shuffled", 1.0)]
    text = answer_sentence(results_of(*APART, *waves), live=False)
    assert text.endswith("The training loss of sequential order moves in **slow waves**.")


def test_one_run_of_each_order_decides_nothing():
    spec = replace(SPEC, race=replace(SPEC.race, train=replace(PLAN, num_seeds=1)))
    one = [message | {"losses": message["losses"][:1], "train_losses": [4.0]} for message in APART]
    text = answer_sentence(from_messages.results_of(spec, one), live=False)
    assert "Random is 0.100 higher; one run cannot show whether that is chance." in text


def test_a_panel_is_headed_with_its_jumps():
    assert panel_words(results_of(*curve("random", 1.0)), "random") == "jumps ± 0.1 nats"
    assert panel_words(results_of(), "random") == ""


def test_an_order_in_numbers():
    edge = {"kind": "edge", "order": "sequential", "width": 5, "before": [2.0] * 3, "after": [1.5] * 3}
    row = numbers_of(results_of(*APART, *curve("sequential", 4.0), edge), "sequential")
    # 2.5, 2.6, 2.7: 0.1 x 4.303 / sqrt(3) = 0.248
    assert row["validation loss at the end"] == "2.600 (2.352 to 2.848)"
    assert row["jumps, nats"] == "0.100 (0.0990 to 0.101)" and row["slow variation (1: none)"].startswith("4.00 (")
    assert row["change at the end of epoch 1, nats"] == "−0.500"
    assert set(numbers_of(results_of(), "random").values()) == {"random", "not measured"}


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(-0.2, -0.3, -0.1), "**−0.200 nats** (−0.300 to −0.100), resolved"),
        (Estimate(0.1, -0.1, 0.3), "**+0.100 nats** (−0.100 to +0.300), **not resolved**"),
        (Estimate(0.1, np.nan, np.nan), "**+0.100 nats**; one run cannot show whether that is chance"),
    ],
)
def test_a_difference_says_whether_it_is_resolved(estimate, text):
    assert difference_text(estimate) == text


@pytest.mark.parametrize(("wave", "words"), [(4.0, "slow waves"), (1.0, "no slow waves found"), (0.5, "calmer")])
def test_a_curve_says_whether_it_comes_in_waves(wave, words):
    sentences = curve_sentences(results_of(*curve("sequential", wave)), "sequential")
    assert sentences[0].startswith(
        "Jumps from step to step: **0.100 nats** (0.0990 to 0.101); consecutive losses are not"
    )
    assert f"**{wave:.2f}".rstrip("0") in sentences[1].replace("0.500", "0.5") and words in sentences[1]


def test_the_edge_is_compared_with_random_order_which_has_none():
    edges = [
        {"kind": "edge", "order": order, "width": 5, "before": [2.0, 2.1, 2.2], "after": [2.0 + by, 2.1 + by, 2.2 + by]}
        for order, by in (("random", -0.01), ("shuffled", -0.03))
    ]
    results = results_of(*edges, *curve("random", 1), *curve("shuffled", 1))
    assert "nothing ends: **−0.010 nats**" in curve_sentences(results, "random")[2]
    sentence = curve_sentences(results, "shuffled")[2]
    assert "first 5 of epoch 2: **−0.030 nats**" in sentence
    assert "Minus the change of random order there: **−0.020 nats**" in sentence


def test_answers_wait_for_the_race():
    nothing = results_of()
    assert shuffling_answer(nothing) == NOT_YET and "not measured yet" in replacement_answer(DRAWN, nothing)
    assert "cannot show how much" in seed_answer(DRAWN["random"].stream, nothing)


def test_why_shuffle_is_answered_with_both_losses_and_the_waves():
    waves = [*curve("sequential", 4), *curve("shuffled", 1)]
    answer = shuffling_answer(results_of(*APART, *waves))
    assert answer.count("**+0.600 nats** (+0.600 to +0.600), resolved") == 2
    assert "learned less of the text" in answer and "vary 4.00 times" in answer
    assert "in shuffled order 1.00 times" in answer


@pytest.mark.parametrize(
    ("finals", "gap", "words"),
    [
        ({"shuffled": [1.9, 2.0, 2.1], "sequential": [1.9, 2.1, 2.0]}, 1.0, "no harm is resolved"),
        ({"shuffled": [1.9, 2.0, 2.1], "sequential": [2.9, 3.0, 3.1]}, 0.0, "on new text only"),
    ],
)
def test_harm_is_claimed_only_where_it_is_resolved(finals, gap, words):
    waves = [*curve("sequential", 4), *curve("shuffled", 1)]
    assert words in shuffling_answer(results_of(*race(gap, random=[2.0, 2.1, 2.2], **finals), *waves))


def test_an_epoch_is_given_in_blocks_steps_and_tokens():
    text = epoch_answer(WindowStream(num_tokens=103, block_size=8, order="shuffled"), batch_size=5)
    # (103 - 1) // 8 = 12 blocks of 8 tokens, 96; 7 are left over; 12 / 5 steps
    assert "**12 blocks** of T = 8" in text and "96 tokens, 2.40 steps" in text and "end, 7 tokens, fills" in text


def test_replacement_is_answered_with_what_is_unread():
    text = replacement_answer(DRAWN, results_of(*APART))
    unread = 100 * (DRAWN["random"].counts == 0).mean()
    assert f"{unread:.1f}% of the text is unread with replacement, and 1.0% without" in text  # the last of 97 tokens
    assert "**+0.100 nats** (+0.100 to +0.100), resolved" in text


def test_seeds_are_compared_with_orders():
    text = seed_answer(DRAWN["random"].stream, results_of(*APART))
    assert "lie up to 0.200 nats apart" in text and "orders' means up to 0.600" in text


def test_the_theory_has_the_numbers_of_the_text():
    text = theory_sentence(DRAWN["random"])
    middle = 100 * (1 - 8 / 89) ** 12
    assert "N − T = 89 places" in text and f"= **{middle:.1f}%**" in text and "1/e = 36.8%" in text


def test_no_sentence_has_an_empty_number():
    sentences = [replacement_answer(DRAWN, results_of(*APART)), seed_answer(DRAWN["random"].stream, results_of(*APART))]
    assert not any(re.search("nan|not measured", sentence) for sentence in sentences)


def test_noise_whose_neighbours_are_correlated_has_no_interval_of_independent_losses():
    estimate = {"sigma": 0.15, "low": 0.14, "high": 0.16, "num_differences": 2_500}
    noise = Noise(batch_size=4, step=9, **estimate, lag1=0.07)  # two standard errors are 0.08
    assert "**0.150 nats** (0.140 to 0.160)" in noise_sentence(noise)
    text = noise_sentence(replace(noise, lag1=0.24))
    assert "about **0.182 nats**" in text and "+0.240" in text and "0.140" not in text  # 0.15 / sqrt(1 - 0.32)


def test_what_was_drawn_is_given_in_steps_tokens_and_epochs():
    text = amount_sentence(DRAWN["shuffled"], batch_size=5)  # 12 blocks of 8 are an epoch of 97 tokens
    assert text.startswith("**12 windows** of 8 tokens: 2.4 steps of B = 5, 96 tokens read, **1.00 epochs' worth**")
    many = replace(DRAWN["shuffled"], num_examples=1003)
    assert "8 tokens: 201 steps of B = 5," in amount_sentence(many, batch_size=5)  # 200.6 are not worth their digits


def test_what_is_unread_is_given_with_the_token_that_was_read_most():
    assert unread_sentence(DRAWN["shuffled"]) == "Not read: **1.0%**, 1 token. The most read token: 1 time."


def test_differences_are_of_every_pair_and_of_the_training_text():
    sentences = difference_sentences(results_of(*APART))
    assert [text.split(":")[0] for text in sentences[:3]] == [
        "random minus shuffled",
        "sequential minus shuffled",
        "sequential minus random",
    ]
    assert "**training** text" in sentences[3] and difference_sentences(results_of()) == []


def test_the_summary_is_of_what_was_raced():
    text = summary_of(SPEC)
    assert "block size 8; B = 4;" in text and "3 runs of each order (seeds 0 to 2), 3.2k tokens each." in text


def test_small_sentences_name_their_numbers():
    assert diverged_sentence(["random", "shuffled"]).endswith("so not compared: random, shuffled.")
    assert last_losses_sentence("random", [2.0, 2.5]).endswith("running means end at 2.00 to 2.50 nats.")
    assert source_sentence("").endswith("your own, up to now.")
