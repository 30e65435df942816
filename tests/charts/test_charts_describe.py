import numpy as np
import pandas as pd

from core.charts import (
    describe_coverage,
    describe_gaps,
    describe_loss,
    describe_memory,
    describe_noise,
    describe_throughput,
    end_labels,
)


def mean_of(last_losses):
    rows = [(32.0 * step, loss + 2 - step, 8 * k + 4) for k, loss in enumerate(last_losses) for step in (1, 2)]
    frame = pd.DataFrame(rows, columns=["x", "mean", "batch_size"])
    return frame.assign(low=frame["mean"] - 0.05, high=frame["mean"] + 0.05)


def test_loss_tells_the_last_point_of_each_line():
    assert describe_loss(mean_of([2.31, 1.9]), x_unit="tokens") == (
        "Training loss in nats per token by batch size, mean of the seeds: "
        "4: 2.31 (interval 2.26 to 2.36) at 64 tokens, 12: 1.90 (interval 1.85 to 1.95) at 64 tokens."
    )


def test_one_seed_has_no_interval():
    frame = mean_of([2.31]).assign(low=np.nan, high=np.nan)
    assert describe_loss(frame, what="Validation loss", x_unit="steps").endswith(": 4: 2.31 at 64 steps.")


def test_noise():
    noise = pd.DataFrame(
        {"batch_size": [16, 4], "sigma": [0.059, 0.117], "low": [0.056, 0.111], "high": [0.0624, 0.123]}
    )
    assert describe_noise(noise) == (
        "Loss noise in nats by batch size: 4: 0.117 (95% interval 0.111 to 0.123), "
        "16: 0.0590 (95% interval 0.0560 to 0.0624)."
    )


def test_throughput():
    speed = pd.DataFrame({"batch_size": [4, 16], "tokens_per_second": [12_345.0, 30_000.0]})
    assert describe_throughput(speed) == "Tokens a second by batch size, one run alone: 4: 12.3k, 16: 30k."


def test_coverage_weighs_a_stretch_by_its_length():
    bins = pd.DataFrame(
        {"start": [0, 100], "end": [100, 400], "seen": [1.0, 0.5], "current": [True, False]}
    )  # (100 + 150) / 400
    assert describe_coverage(bins) == (
        "62.5% of the 400 tokens of the text seen; the current batch touches 1 of 2 stretches."
    )


def test_nothing_yet():
    empty = pd.DataFrame(columns=["batch_size", "sigma", "low", "high", "mean", "x", "tokens_per_second"])
    for describe in (describe_loss, describe_noise, describe_throughput):
        assert describe(empty).endswith("nothing measured yet.")
    assert describe_coverage(pd.DataFrame()) == "Nothing of the text seen yet."


def test_end_labels_stay_with_their_lines_where_there_is_room():
    ends = end_labels(mean_of([1.5, 4.0, 2.5]), (1.0, 4.5))
    assert dict(zip(ends["label"], ends["y"], strict=True)) == {"4": 1.5, "20": 2.5, "12": 4.0}
    assert set(ends["x"]) == {64.0}


def test_end_labels_move_apart_in_order_around_their_middle():
    ends = end_labels(mean_of([2.02, 2.0, 2.01, 4.0]), (1.0, 5.0))
    assert ends["label"].tolist() == ["12", "20", "4", "28"]
    gap = 0.055 * 4
    np.testing.assert_allclose(ends["y"], [2.01 - gap, 2.01, 2.01 + gap, 4.0])


def test_end_labels_of_nothing():
    assert end_labels(mean_of([]), (1.0, 4.5)).empty


def test_gaps_tell_the_end_of_each_batch_size():
    rows = [
        (k, 4.0 - k - seed, 0.1 * k, b, seed)
        for b, last in ((4, 2), (16, 1))
        for seed in (0, 1)
        for k in range(last + 1)
    ]
    gaps = pd.DataFrame(rows, columns=["order", "train", "gap", "batch_size", "seed"])
    assert describe_gaps(gaps).endswith("4: 0.200 at a training loss of 1.50, 16: 0.100 at a training loss of 2.50.")


def test_memory_tells_its_parts():
    memory = pd.DataFrame(
        [(4, "weights", 0.0634), (4, "activations", 1.34)], columns=["batch_size", "part", "megabytes"]
    )
    assert describe_memory(memory) == "Memory in MB by batch size: 4: weights 0.0634, activations 1.34."
