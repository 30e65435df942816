"""The noise at frozen weights as an experiment: its messages, what it finds on real texts, what it refuses."""

import json
from dataclasses import replace
from types import NoneType

import numpy as np
import pytest
import torch

from core.corpus import samples
from core.experiments.messages import to_dict
from core.experiments.noise.run import run
from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, to_json
from core.measure.memory import Machine
from core.training import TrainConfig

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


def spec_of(text: str, steps=(0, 40), batch_sizes=SIZES, num_batches=30, n_embd=16, **train) -> NoiseSpec:
    race = RaceSpec(text=text, block_size=16, n_layer=1, n_head=2, n_embd=n_embd, train=TrainConfig(**train))
    return NoiseSpec.of(race, steps, batch_sizes, num_batches)


@pytest.fixture(scope="module")
def messages():
    torch.set_num_threads(1)
    return list(map(to_dict, run(spec_of(samples()["lighthouse"].text))))


def of_kind(messages: list[dict], kind: str) -> list[dict]:
    return [m for m in messages if m["kind"] == kind]


@pytest.mark.slow
def test_every_message_can_travel_and_the_first_says_what_runs(messages):
    assert messages[0]["kind"] == "started" and messages[0]["all_windows"]
    for message in messages:
        json.dumps({k: v for k, v in message.items() if k != "data"}, allow_nan=False)
        assert {type(value) for value in message.values()} <= {str, int, float, bool, bytes, list, NoneType}
    assert [m["unresolved"] for m in messages if m.get("unresolved")]  # words of an enumeration, which Dask knows not


@pytest.mark.slow
def test_each_step_has_all_of_it(messages):
    for step in (0, 40):
        mine = [m for m in messages if m.get("step") == step]
        for quantity in ("loss", "gradient"):
            assert [m["batch_size"] for m in of_kind(mine, "noise") if m["quantity"] == quantity] == list(SIZES)
            assert [m["quantity"] for m in of_kind(mine, "slope")] == ["loss", "gradient"]
        assert len(of_kind(mine, "noise_scale")) == len(of_kind(mine, "whole")) == 1
        assert {m["batch_size"] for m in of_kind(mine, "batch_gradients")} == set(SIZES)
        assert all(len(m["data"]) == 30 * 2 * 4 for m in of_kind(mine, "batch_gradients"))


@pytest.mark.slow
def test_what_is_drawn_gathers_around_the_whole_text(messages):
    (whole,) = (m for m in of_kind(messages, "whole") if m["step"] == 0)
    for m in of_kind(messages, "batch_losses"):
        if m["step"] == 0:
            losses = np.frombuffer(m["data"], np.float32)
            assert abs(losses.mean() - whole["loss"]) < 4 * whole["sigma"] / (m["batch_size"] * len(losses)) ** 0.5


@pytest.mark.parametrize("name", ["lighthouse", "lumo", "python-docs"])
@pytest.mark.slow
def test_the_slopes_are_minus_a_half_and_their_intervals_hold_it_and_are_narrow(name):
    torch.set_num_threads(1)
    spec = spec_of(samples()[name].text[:20_000], batch_sizes=SIZES[:7], num_batches=60, n_embd=48)
    found = of_kind(list(map(to_dict, run(spec))), "slope")
    held = [slope["low"] < -0.5 < slope["high"] for slope in found]
    assert len(held) == 4 and sum(held) >= 3, found  # one of twenty 95% intervals misses by right
    assert all(slope["high"] - slope["low"] < 0.1 and abs(slope["slope"] + 0.5) < 0.04 for slope in found), found


@pytest.mark.slow
def test_without_replacement_a_batch_near_the_whole_text_has_less_noise(messages):
    noise = {m["batch_size"]: m["sigma"] for m in of_kind(messages, "noise") if m["quantity"] == "loss"}
    distinct = {m["batch_size"]: m["sigma"] for m in of_kind(messages, "distinct")}
    num_windows = messages[0]["num_windows"]
    assert distinct[128] / noise[128] == pytest.approx((1 - 128 / num_windows) ** 0.5, rel=0.1)


@pytest.mark.slow
def test_the_same_spec_finds_the_same(messages):
    again = list(map(to_dict, run(spec_of(samples()["lighthouse"].text))))
    measured = ("noise", "slope", "noise_scale", "whole", "distinct", "batch_losses", "batch_gradients")
    assert [m for m in again if m["kind"] in measured] == [m for m in messages if m["kind"] in measured]


def test_progress_grows_to_the_end(monkeypatch):
    monkeypatch.setattr("core.experiments.noise.run.PROGRESS_SECONDS", 0)
    found = of_kind(
        list(map(to_dict, run(spec_of(samples()["bees"].text, batch_sizes=(1, 4), num_batches=5)))), "progress"
    )
    shares = [m["share"] for m in found]
    assert shares == sorted(shares) and shares[0] < 0.2 and shares[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"steps": ()}, "steps to measure"),
        ({"batch_sizes": ()}, "batch sizes to measure"),
        ({"batch_sizes": tuple(range(1, 20))}, "batch sizes to measure"),
        ({"batch_sizes": (0, 4)}, "Every batch size must lie between 1"),
        ({"steps": (-1,)}, "Every step must lie between 0"),
        ({"num_batches": 1}, "can be drawn, not 1"),
        ({"num_batches": 100_000}, "can be drawn, not 100,000"),
        ({"text": "ab"}, "missing|few|needs"),
    ],
)
def test_what_cannot_be_measured_gets_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        spec_of(**{"text": "To be or not to be. " * 40} | change).check(Machine(devices={"cpu": 2**33}))


def test_a_run_that_diverges_on_the_way_ends_with_a_sentence():
    with pytest.raises(ValueError, match="diverged at step"):
        list(map(to_dict, run(spec_of("To be or not to be. " * 40, learning_rate=1e5))))


def test_it_can_be_kept_and_made_again():
    spec = spec_of("To be or not to be. " * 40)
    assert "To be" not in to_json(spec)
    assert from_json(to_json(spec), spec.text) == spec
    assert replace(spec, num_batches=31) != spec


def test_a_text_whose_windows_are_all_alike_is_refused():
    with pytest.raises(ValueError, match="All windows of this text are alike"):
        list(map(to_dict, run(spec_of("ab" * 500))))
