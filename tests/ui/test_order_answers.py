"""What is said about the orders, from results and draws that are written by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.batches import ORDERS, WindowStream
from core.experiments import registry
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.messages import Noise
from core.experiments.race.spec import RaceSpec
from core.lessons.choose_the_order.answers import NOT_YET, of_epochs, of_replacement, of_seeds, of_shuffling
from core.lessons.choose_the_order.maps import MAX_BARS, Drawn, bin_edges, read_table, theory_sentence
from core.lessons.choose_the_order.view import curve_lines, epoch_rules, jumps_line, lead_statement, told
from core.measure.comparison import Estimate
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(4,), num_seeds=3, max_tokens=3200)
SPEC = OrdersSpec.of(RaceSpec(text="", block_size=8, train=PLAN))
AT = {"batch_size": 4, "step": 100}
STARTED = {
    "kind": "started",
    "device": "cpu",
    "vocab_size": 9,
    "num_parameters": 9,
    "train_tokens": 9,
    "epoch_size": 150,
}


def results_of(*messages: dict) -> OrdersResults:
    return registry.results_of(SPEC, messages)


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


def test_who_leads_is_said_with_whether_the_seeds_can_tell():
    said = lead_statement(results_of(*APART), live=True)
    assert (
        "**After 3.2k tokens, shuffled has the lowest validation loss, 2.000.**" in said and "resolved so far" in said
    )
    assert lead_statement(results_of(*APART), live=False).endswith("random, 0.100 behind: resolved.")
    close = race(random=[2.0, 2.1, 2.2], shuffled=[1.9, 2.2, 2.1], sequential=[2.5, 2.6, 2.7])
    assert "**not resolved**" in lead_statement(results_of(*close), live=False)
    assert lead_statement(results_of(), live=False) == "**Who leads?** Not measured yet."


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (Estimate(-0.2, -0.3, -0.1), "**−0.200 nats** (−0.300 to −0.100), resolved"),
        (Estimate(0.1, -0.1, 0.3), "**+0.100 nats** (−0.100 to +0.300), **not resolved**"),
        (Estimate(0.1, np.nan, np.nan), "**+0.100 nats**; one seed cannot tell whether that is chance"),
    ],
)
def test_a_difference_says_whether_it_is_resolved(estimate, said):
    assert told(estimate) == said


@pytest.mark.parametrize(("wave", "words"), [(4.0, "slow waves"), (1.0, "no waves can be told"), (0.5, "calmer")])
def test_a_curve_says_whether_it_comes_in_waves(wave, words):
    lines = curve_lines(results_of(*curve("sequential", wave)), "sequential")
    assert lines[0].startswith("Jumps from step to step: **0.100 nats** (0.0990 to 0.101); neighbours hang together no")
    assert f"**{wave:.2f}".rstrip("0") in lines[1].replace("0.500", "0.5") and words in lines[1]


def test_the_edge_is_held_against_random_order_which_has_none():
    edges = [
        {"kind": "edge", "order": order, "width": 5, "before": [2.0, 2.1, 2.2], "after": [2.0 + by, 2.1 + by, 2.2 + by]}
        for order, by in (("random", -0.01), ("shuffled", -0.03))
    ]
    found = results_of(*edges, *curve("random", 1), *curve("shuffled", 1))
    assert "nothing ends: **−0.010 nats**" in curve_lines(found, "random")[2]
    line = curve_lines(found, "shuffled")[2]
    assert "first 5 of epoch 2: **−0.030 nats**" in line and "Less what random does there: **−0.020 nats**" in line


def test_ends_of_epochs_are_where_all_blocks_have_been_read():
    race_of_two = results_of(STARTED)
    assert epoch_rules(race_of_two)["x"].tolist() == [1200.0, 2400.0]  # 150 blocks of 8; 3,200 tokens
    assert epoch_rules(race_of_two, "random")["label"].tolist() == ["an epoch’s worth", ""]
    assert epoch_rules(results_of()).empty
    many = results_of(STARTED | {"epoch_size": 10})
    assert epoch_rules(many)["x"].tolist() == [80.0]  # forty would hide the curve


def test_answers_wait_for_the_race():
    nothing = results_of()
    assert of_shuffling(nothing) == NOT_YET and "not measured yet" in of_replacement(DRAWN, nothing)
    assert "cannot tell" in of_seeds(DRAWN["random"].stream, nothing)


def test_why_shuffle_is_answered_with_both_losses_and_the_waves():
    waves = [*curve("sequential", 4), *curve("shuffled", 1)]
    answer = of_shuffling(results_of(*APART, *waves))
    assert answer.count("**+0.600 nats** (+0.600 to +0.600), resolved") == 2
    assert "knows less well, too" in answer and "vary 4.00 times" in answer and "shuffled 1.00 times" in answer


@pytest.mark.parametrize(
    ("finals", "gap", "words"),
    [
        ({"shuffled": [1.9, 2.0, 2.1], "sequential": [1.9, 2.1, 2.0]}, 1.0, "no harm can be told"),
        ({"shuffled": [1.9, 2.0, 2.1], "sequential": [2.9, 3.0, 3.1]}, 0.0, "on new text alone"),
    ],
)
def test_harm_is_claimed_only_where_it_is_resolved(finals, gap, words):
    waves = [*curve("sequential", 4), *curve("shuffled", 1)]
    assert words in of_shuffling(results_of(*race(gap, random=[2.0, 2.1, 2.2], **finals), *waves))


def test_an_epoch_is_told_in_blocks_steps_and_tokens():
    said = of_epochs(WindowStream(num_tokens=103, block_size=8, order="shuffled"), batch_size=5)
    # (103 - 1) // 8 = 12 blocks of 8 tokens, 96; 7 are left over; 12 / 5 steps
    assert "**12 blocks** of T = 8" in said and "96 tokens, 2.40 steps" in said and "end, 7 tokens, fills" in said


def test_replacement_is_answered_with_what_is_unread():
    said = of_replacement(DRAWN, results_of(*APART))
    unread = 100 * (DRAWN["random"].counts == 0).mean()
    assert f"has left {unread:.1f}% of the text unread, and without it 1.0%" in said  # the last of 97 tokens
    assert "**+0.100 nats** (+0.100 to +0.100), resolved" in said


def test_seeds_are_held_against_orders():
    said = of_seeds(DRAWN["random"].stream, results_of(*APART))
    assert "lie up to 0.200 nats apart" in said and "orders' means up to 0.600" in said


def test_the_theory_is_told_with_the_numbers_of_the_text():
    said = theory_sentence(DRAWN["random"])
    middle = 100 * (1 - 8 / 89) ** 12
    assert "N − T = 89 places" in said and f"= **{middle:.1f}%**" in said and "1/e = 36.8%" in said


@pytest.mark.parametrize("highest", [0, 1, 39, 40, 41, 1000, 12_345])
def test_every_count_is_in_one_bar(highest):
    edges = bin_edges(0, highest)
    counts = np.arange(highest + 1)
    assert 1 <= len(edges) - 1 <= MAX_BARS + 1
    assert read_table("random", counts, edges)["share"].sum() == pytest.approx(1)


def test_no_sentence_has_an_empty_number():
    said = [of_replacement(DRAWN, results_of(*APART)), of_seeds(DRAWN["random"].stream, results_of(*APART))]
    assert not any(re.search("nan|not measured", sentence) for sentence in said)


def test_noise_whose_neighbours_hang_together_has_no_interval_of_independent_losses():
    estimate = {"sigma": 0.15, "low": 0.14, "high": 0.16, "num_differences": 2_500}
    noise = Noise(batch_size=4, step=9, **estimate, lag1=0.07)  # two standard errors are 0.08
    assert "**0.150 nats** (0.140 to 0.160)" in jumps_line(noise)
    said = jumps_line(replace(noise, lag1=0.24))
    assert "about **0.182 nats**" in said and "+0.240" in said and "0.140" not in said  # 0.15 / sqrt(1 - 0.32)
