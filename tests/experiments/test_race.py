"""A race as messages, and what is refused before it starts."""

import json
from dataclasses import replace

import pytest
import torch
from from_messages import results_of

from core.corpus import samples
from core.experiments.messages import to_dict
from core.experiments.race.run import run
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import KINDS, from_json, to_json
from core.lab.recording import RECORDINGS, read_machine, read_recording, write_recording
from core.measure.memory import Machine
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=8 * 8 * 40, num_evals=5)
SPEC = RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN)
MEMORY = 2**33


@pytest.fixture(scope="module")
def messages():
    torch.set_num_threads(1)  # on a model so small, more threads wait for each other
    return list(map(to_dict, run(SPEC)))


def test_every_message_can_travel_and_the_first_says_what_runs(messages):
    assert messages[0]["kind"] == "started" and messages[0]["num_parameters"] > 0
    for message in messages:
        json.dumps({k: v for k, v in message.items() if k != "data"}, allow_nan=False)


def test_a_race_begins_with_its_first_validations_and_ends_with_its_summaries(messages):
    kinds = [message["kind"] for message in messages]
    assert kinds.count("started") == 1 and kinds[1:3] == ["eval", "eval"]
    assert [message["step"] for message in messages[1:3]] == [0, 0]
    assert kinds[-1] == "summary" and kinds.index("summary") > len(kinds) - 1 - kinds[::-1].index("losses")


def test_noise_has_its_interval(messages):
    found = [message for message in messages if message["kind"] == "noise"]
    assert {message["batch_size"] for message in found} == {2, 8}
    assert all(0 < message["low"] < message["sigma"] < message["high"] for message in found)


def test_a_race_without_a_validation_part_runs_to_its_summaries():
    some = list(map(to_dict, run(replace(SPEC, val_fraction=0, train=replace(PLAN, max_tokens=640)))))
    assert {message["kind"] for message in some} >= {"started", "losses", "summary"}
    assert all(message["final_val_loss"] is None for message in some if message["kind"] == "summary")


def test_a_race_whose_runs_all_diverge_ends_with_summaries_that_can_travel():
    some = list(map(to_dict, run(replace(SPEC, train=replace(PLAN, learning_rate=1e4)))))
    ends = [message for message in some if message["kind"] == "summary"]
    assert sum(message["kind"] == "diverged" for message in some) == len(ends) == 4
    assert all(message["final_val_loss"] is None and message["steps"] < 40 for message in ends)
    for message in some:
        json.dumps({k: v for k, v in message.items() if k != "data"}, allow_nan=False)


def test_each_run_has_its_summary(messages):
    summaries = [m for m in messages if m["kind"] == "summary"]
    assert [(m["batch_size"], m["seed"], m["steps"]) for m in summaries] == [
        (2, 0, 160),
        (2, 1, 160),
        (8, 0, 40),
        (8, 1, 40),
    ]
    for m in summaries:
        assert m["final_val_loss"] > 0 and m["loss_noise"] > 0 and m["tokens_per_second"] > 0


def test_losses_are_complete_and_in_order(messages):
    steps = {2: 0, 8: 0}
    for m in messages:
        if m["kind"] == "losses":
            assert m["step"] == steps[m["batch_size"]] + 1
            steps[m["batch_size"]] += len(m["data"]) // 4 // 2
    assert steps == {2: 160, 8: 40}


def test_noise_time_and_text_are_measured_on_the_way(messages):
    kinds = {m["kind"] for m in messages if m.get("batch_size") == 8}
    assert {"noise", "speed", "text", "eval"} <= kinds
    assert all(set(m["text"]) <= set(TEXT) for m in messages if m["kind"] == "text")


def test_a_recording_is_drawn_as_the_race_was(messages, tmp_path):
    write_recording(tmp_path / "race.jsonl", SPEC, map(KINDS["race"].message, messages), "a sundial")
    recording = read_recording(tmp_path / "race.jsonl")
    assert "(a sundial)" in recording.note and read_machine(tmp_path / "race.jsonl") == "a sundial"
    recorded = results_of(recording.spec, recording.messages)
    live = results_of(SPEC, messages)
    for batch_size in live.batch_sizes:
        drawn = live.training_columns("tokens", batch_size)
        assert len(drawn["x"]) == min(240, live.num_steps(batch_size))
        for name, values in recorded.training_columns("tokens", batch_size).items():
            assert (values == drawn[name]).all()
    assert TEXT[:20] not in (tmp_path / "race.jsonl").read_text()


def test_the_shipped_recording_is_a_default_race():
    recording = read_recording(RECORDINGS["race"])
    recorded = results_of(recording.spec, recording.messages)
    assert recorded.share == 1.0
    assert recorded.spec.train == TrainConfig()
    scaled = [n.sigma * b**0.5 for b, n in recorded.noise.items()]
    assert len(scaled) == 3 and max(scaled) / min(scaled) < 1.15


def test_the_race_recorded_on_a_gpu_reaches_from_4_to_4096_windows():
    recording = read_recording(RECORDINGS["race_on_gpu"])
    recorded = results_of(recording.spec, recording.messages)
    assert recorded.share == 1.0 and "NVIDIA" in recording.note
    assert recorded.batch_sizes == (4, 16, 64, 256, 1024, 4096)
    assert recorded.started.train_tokens == started_of(RECORDINGS["race"])["train_tokens"]  # the same text
    scaled = [n.sigma * b**0.5 for b, n in recorded.noise.items() if b < 4096]
    assert max(scaled) / min(scaled) < 1.25


def started_of(path) -> dict:
    return next(message for message in read_recording(path).messages if message["kind"] == "started")


def test_settings_make_the_round():
    assert from_json(to_json(SPEC), TEXT) == SPEC
    assert "question" not in to_json(SPEC) and "question" not in repr(SPEC)


def spec(**values) -> RaceSpec:
    plan = TrainConfig(**{"batch_sizes": (2,), "num_seeds": 1, "max_tokens": 10_000_000} | values.pop("train", {}))
    return RaceSpec(**{"text": TEXT, "block_size": 8, "n_embd": 16, "n_head": 2} | values, train=plan)


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"text": ""}, "no text yet"),
        ({"text": "a" * 300}, "repeats one character"),
        ({"text": "hello " * 5}, "the validation part has 3, 6 too few"),
        ({"block_size": 500}, "validation part has 168, 333 too few"),
        ({"train": {"batch_sizes": (1600,)}}, "is more than the 1,5"),
        ({"train": {"batch_sizes": (1, 2, 3, 4, 5, 6, 7)}}, "at most 6"),
        ({"train": {"max_tokens": 10**9}}, "at most 50,000,000"),
        ({"train": {"num_seeds": 99}}, "at most 40"),
        ({"n_layer": 99}, "at most 12"),
        ({"n_embd": 17}, "shared equally"),
        ({"n_embd": 1_024}, "1,024 channels are more than a race takes: at most 768"),
        ({"block_size": 1_024}, "1,024 tokens in a block are more than a race takes: at most 512"),
        ({"block_size": 0}, "at least 1 token"),
        ({"text": "ab" * 2_500_001}, "characters of text are more than a race takes: at most 5,000,000"),
        ({"train": {"batch_sizes": (4_097,)}}, "4,097 windows in a batch are more than a race takes: at most 4,096"),
        ({"train": {"max_tokens": 15}}, "the budget is 15"),
        # 20 characters: 18 train and 2 validate, where 24 are needed
        ({"text": "to be or not to be, " * 1, "block_size": 23}, "the training part has 18, 6 too few, and the valid"),
        # 1,680 characters: 1,512 train, and 1,512 - 8 of them can begin a window
        ({"train": {"batch_sizes": (1_505,)}}, "A batch of 1,505 windows is more than the 1,504 that the training"),
    ],
)
def test_a_race_that_cannot_run_is_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        spec(**values).check(Machine(devices={"cpu": MEMORY}))


def test_a_race_too_large_for_memory_is_refused_with_the_estimate():
    with pytest.raises(ValueError, match=r"about \d+\.\d GiB of memory, and 1\.0 GiB"):
        spec(n_layer=12, n_embd=768, train={"batch_sizes": (1024,), "num_seeds": 4}).check(
            Machine(devices={"cpu": 2**30})
        )


def test_a_race_that_fits_is_not_refused():
    spec().check(Machine(devices={"cpu": MEMORY}))


@pytest.mark.parametrize("name", ["tiko", "suo"])
@pytest.mark.slow
def test_a_model_of_a_made_up_language_stays_above_what_the_language_itself_gets_and_comes_near(name):
    torch.set_num_threads(1)
    sample = samples()[name]
    plan = TrainConfig(batch_sizes=(16,), num_seeds=1, max_tokens=100_000, num_evals=5, eval_windows=256)
    some = list(map(to_dict, run(RaceSpec(text=sample.text, source=name, floor_nats=sample.floor_nats, train=plan))))
    floor = some[0]["val_floor"]
    found = [m["losses"][0] for m in some if m["kind"] == "eval"]
    assert all(loss > floor for loss in found)
    assert found[-1] < floor + 0.05
