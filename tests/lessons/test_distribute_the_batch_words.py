"""Sentences about data parallel training, from steps that are written by hand."""

import from_messages
import pytest

from core.experiments.parallel.messages import RankReport, Step
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.parallel.times import exchange_share
from core.experiments.race.spec import RaceSpec
from core.lessons.distribute_the_batch.split import Split
from core.lessons.distribute_the_batch.words import (
    RANK_MISTAKES,
    answer_sentence,
    mistake_sentence,
    split_sentence,
    summary_of,
    time_sentence,
    times_of,
    timetable_sentence,
)
from core.strategies import MEAN_OF_MEANS, SAME_SEED, SUMMED, ParallelPlan
from core.training import TrainConfig

RACE = RaceSpec(text="", block_size=8, train=TrainConfig(batch_sizes=(4,)))
STARTED = {"kind": "started", "num_ranks": 2, "num_parameters": 2_500, "vocab_size": 9}
RANKS = {"kind": "ranks", "backend": "gloo", "num_ranks": 2, "batch_size": 24, "rows": [[0, 12], [12, 12]]}


def spec(mistake: str = "") -> ParallelSpec:
    plan = ParallelPlan(micro_batch_size=4, accumulation_steps=3, num_steps=5, mistake=mistake)
    return ParallelSpec(race=RACE, plan=plan, num_ranks=2)


def rank(num_targets: int = 96, wait: float = 0.0) -> dict:
    seconds = {"compute_seconds": 1.0 - wait, "wait_seconds": wait, "reduce_seconds": 0.0}
    return {"loss": 2.0, "num_targets": num_targets, "norm": 1.0, "cosine": 0.9, **seconds}


def step(*targets: int, difference: float = 0.25, apart: float = 0.0) -> Step:
    ranks = tuple(RankReport(**rank(num)) for num in targets)
    return Step(step=1, loss=2.0, norm=30.0, whole_norm=0.6, apart=apart, ranks=ranks, difference=difference)


def mistake(name: str, first: Step) -> str:
    return mistake_sentence(from_messages.results_of(spec(name), [STARTED, RANKS, first]))


def test_without_a_mistake_there_is_a_proof_with_its_number():
    text = mistake("", step(96, 96, difference=4e-8))
    assert text == (
        "**The same gradient**: the average over 2 ranks differs from that of one process with the whole batch by "
        "4 × 10⁻⁸ of its length in step 1, which is float32 rounding; their weights stay equal."
    )
    text = mistake("", step(96, 96, difference=0.02, apart=0.003))
    assert "by 2 × 10⁻² of its length in step 1; their weights differ by 3 × 10⁻³." in text


def test_the_same_rows_make_a_smaller_batch():
    text = mistake(SAME_SEED, step(96, 96))
    assert "2 ranks do the work of one" in text and "is 12 windows, not 24" in text and "off by **25.0%**." in text


def test_a_mean_of_means_weighs_tokens_unequally():
    text = mistake(MEAN_OF_MEANS, step(20, 50))
    assert "a token of the rank with 20 targets weighs 2.50 times" in text and text.endswith("off by **25.0%**.")
    assert mistake(MEAN_OF_MEANS, step(96, 96)).endswith("nothing is wrong: choose uneven targets.")


def test_a_summed_loss_is_compared_with_theory():
    text = mistake(SUMMED, step(40, 60))
    assert "N / W = 50.0 times" in text and "measured in step 1: **50.0 times**" in text


def test_the_share_of_the_exchange_is_the_median_of_the_steps_with_its_quartiles():
    steps = [
        {"kind": "step", "step": i, "loss": 2.0, "norm": 1.0, "apart": 0.0, "difference": 0.0, "whole_norm": 1.0}
        | {"ranks": [rank(wait=wait)] * 2}
        for i, wait in enumerate((0.9, 0.3, 0.1, 0.2, 0.5, 0.4), start=1)  # the first one does not count
    ]
    results = from_messages.results_of(spec(), [STARTED, RANKS, *steps])
    share = exchange_share(results)
    assert share.median == pytest.approx(0.3) and share.median_step == 0
    answer = answer_sentence(results, share)
    assert "by 0 of its length in step 6" in answer
    assert answer.endswith("Waiting and exchange take **30%** of a step's time (in half of the steps 20 to 40%).")
    assert "whole gradient, 10.0 kB, once" in time_sentence(results)
    # a rank whose step takes 1 s and waits for 0.3 s of it
    row = {"rank": "1", "compute": "700 ms", "wait for the slowest": "300 ms", "exchange": "0 s"}
    assert times_of(results, share, 1) == row


def test_a_split_says_whether_it_fits_and_how_long_the_pipeline_is_idle():
    split = Split(7e9, tensor_parts=2, pipeline_stages=4, micro_batches=4)  # 112 GB over 8; 3 / 7 idle
    text = split_sentence(split, device_gb=16)
    assert "of 7 billion parameters take **112 GB**" in text and "holds **14.0 GB**, which fits into 16 GB" in text
    assert "idle for **43%**" in text and "which does **not** fit into 8 GB" in split_sentence(split, 8)
    assert timetable_sentence(split).endswith("4 micro-batches: 14 slots, of which each device works in 8.")


@pytest.mark.parametrize("mistake", RANK_MISTAKES)
def test_the_summary_names_the_mistake(mistake):
    assert f"B = 4 × 3 × 2 = 24 windows, even targets; mistake: {RANK_MISTAKES[mistake]};" in summary_of(spec(mistake))
