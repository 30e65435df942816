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
    mistake_sentence,
    split_sentence,
    summary_of,
    time_sentence,
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


def step(*targets: int) -> Step:
    ranks = tuple(RankReport(**rank(num)) for num in targets)
    return Step(step=1, loss=2.0, norm=30.0, whole_norm=0.6, apart=0.0, ranks=ranks, difference=0.25)


def test_without_a_mistake_there_is_a_proof():
    assert mistake_sentence(spec(), step(96, 96)).startswith("**The proof:**")


def test_the_same_rows_make_a_smaller_batch():
    text = mistake_sentence(spec(SAME_SEED), step(96, 96))
    assert "2 ranks do the work of one" in text and "is 12 windows, not 24" in text and "off by **25.0%**." in text


def test_a_mean_of_means_weighs_tokens_unequally():
    text = mistake_sentence(spec(MEAN_OF_MEANS), step(20, 50))
    assert "a token of the rank with 20 targets weighs 2.50 times" in text and text.endswith("off by **25.0%**.")
    assert mistake_sentence(spec(MEAN_OF_MEANS), step(96, 96)).endswith("nothing is wrong: choose uneven targets.")


def test_a_summed_loss_is_held_against_theory():
    text = mistake_sentence(spec(SUMMED), step(40, 60))
    assert "N / W = 50.0 times" in text and "measured in step 1: **50.0 times**" in text


def test_the_share_of_the_exchange_is_the_median_of_the_steps_with_its_quartiles():
    steps = [
        {"kind": "step", "step": i, "loss": 2.0, "norm": 1.0, "apart": 0.0, "ranks": [rank(wait=wait)] * 2}
        for i, wait in enumerate((0.9, 0.3, 0.1, 0.2, 0.5, 0.4), start=1)  # the first one does not count
    ]
    results = from_messages.results_of(spec(), [STARTED, RANKS, *steps])
    share = exchange_share(results)
    assert share.median == pytest.approx(0.3) and share.median_step == 0
    text = time_sentence(results, share)
    assert "took **30%**" in text and "between 20 and 40%" in text and "whole gradient, 10.0 kB, once" in text


def test_a_split_says_whether_it_fits_and_how_long_the_pipeline_is_idle():
    split = Split(7e9, tensor_parts=2, pipeline_stages=4, micro_batches=4)  # 112 GB over 8; 3 / 7 idle
    text = split_sentence(split, device_gb=16)
    assert "of 7 billion parameters take **112 GB**" in text and "holds **14.0 GB**, which fits into 16 GB" in text
    assert "idle for **43%**" in text and "which does **not** fit into 8 GB" in split_sentence(split, 8)
    assert timetable_sentence(split).endswith("4 micro-batches: 14 slots, of which each device works in 8.")


@pytest.mark.parametrize("mistake", RANK_MISTAKES)
def test_the_summary_names_the_mistake(mistake):
    assert f"B = 4 × 3 × 2 = 24 windows, even targets; mistake: {RANK_MISTAKES[mistake]};" in summary_of(spec(mistake))
