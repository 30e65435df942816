"""What happened, as the flat records that a shell writes."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.engine import train
from core.model import GPTConfig
from core.training import TrainConfig

T, V = 8, 12
IDS = np.random.default_rng(0).integers(0, V, 500)
COMMON = {"kind", "batch_size", "seed", "step", "tokens_seen"}


def records(val_tokens=100, **settings):
    plan = {"batch_sizes": (2, 4), "num_seeds": 2, "max_tokens": 320, "num_evals": 2}
    corpus = SimpleNamespace(train_ids=IDS[:400], val_ids=IDS[400 : 400 + val_tokens])
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)
    return train(corpus, config, TrainConfig(**plan | settings))


def of_kind(kind, some):
    return [record for record in some if record["kind"] == kind]


@pytest.mark.parametrize(("kind", "extra"), [("train", {"loss"}), ("eval", {"val_loss"})])
def test_fields_of_a_record(kind, extra):
    found = of_kind(kind, records())
    assert found and all(set(record) == COMMON | extra for record in found)


def test_tokens_seen_is_step_times_batch_times_block():
    some = list(records())
    assert len(some) > 60 and all(r["tokens_seen"] == r["step"] * r["batch_size"] * T for r in some)


def test_every_run_has_a_record_for_each_step_from_1():
    found = of_kind("train", records())
    for batch_size, num_steps in ((2, 20), (4, 10)):  # 320 / (B x 8)
        for seed in (0, 1):
            run = [r["step"] for r in found if (r["batch_size"], r["seed"]) == (batch_size, seed)]
            assert run == list(range(1, num_steps + 1))


def test_every_run_is_validated_before_its_first_step_and_after_its_last():
    found = of_kind("eval", records())
    for batch_size, num_steps in ((2, 20), (4, 10)):
        run = [r["step"] for r in found if (r["batch_size"], r["seed"]) == (batch_size, 1)]
        assert run[0] == 0 and run[-1] == num_steps


def test_the_seeds_are_named():
    assert {record["seed"] for record in records(first_seed=7)} == {7, 8}


def test_without_a_validation_part_there_are_training_records_only():
    assert {record["kind"] for record in records(val_tokens=0)} == {"train"}


def test_a_run_that_diverged_has_no_record_after_the_one_that_says_so():
    some = list(records(learning_rate=1e3, max_tokens=3_200, num_evals=20))
    gone = of_kind("diverged", some)
    assert len(gone) == 4 and all(set(record) == COMMON for record in gone)
    for end in gone:
        run = [r for r in some if (r["batch_size"], r["seed"]) == (end["batch_size"], end["seed"])]
        assert run.index(end) == len(run) - 1 and len(run) > 1
        assert of_kind("train", run)[-1]["step"] == end["step"] - 1


def test_records_hold_plain_numbers():
    assert {type(value) for record in records() for value in record.values()} == {str, int, float}


def test_closing_the_records_early_is_clean():
    some = records()
    assert next(some)["kind"] == "eval"
    some.close()
    assert next(some, None) is None
