"""A real cluster: races run, wait, pause, stop and die; short calls are answered meanwhile."""

import os
import time
from dataclasses import replace

import psutil
import pytest
from small_races import LONG, SHORT, TEXT, num_records, wait_for, wait_for_records

from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json
from core.experiments.step_cost.spec import StepCostSpec
from core.lab.cluster import Lab
from core.lab.line import Entry
from core.lab.store import Store
from core.model import GPTConfig
from core.training import TrainConfig

CONFIG = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=4)


def test_memory_that_does_not_suffice_ends_in_a_sentence_and_the_next_one_works(tmp_path, monkeypatch):
    monkeypatch.setenv("BATCHSCOPE_WORKER_MEMORY", "800MB")
    monkeypatch.setattr(StepCostSpec, "check", lambda self, machine: None)  # as if estimates were wrong
    lab = Lab(Store(f"sqlite:///{tmp_path}/lab.db"))
    try:
        worker = lab.describe()
        assert worker.devices["cpu"] < 800e6
        plan = TrainConfig(batch_sizes=(4096,), num_seeds=1, max_tokens=4096 * 32)
        greedy = lab.submit(StepCostSpec.of(RaceSpec(text=TEXT * 5, block_size=32, train=plan)))  # about 1.2 GB
        wait_for(lab, greedy, "failed", "done", seconds=60)
        status, sentence = lab.store.status(greedy)
        assert status == "failed" and sentence.startswith("The memory was not enough for this")
        processes = lab.client.run(os.getpid)
        race = lab.submit(SHORT)
        wait_for(lab, race, "done")
        assert lab.client.run(os.getpid) == processes  # the same worker: it was refused memory, not killed
    finally:
        lab.close()


def test_a_race_runs_to_its_end_and_all_is_kept(lab):
    race = lab.submit(SHORT)
    wait_for(lab, race, "done")
    kinds = [m["kind"] for m in lab.store.read(race)[0]]
    assert kinds[0] == "started" and kinds.count("summary") == 4


def test_another_kind_of_experiment_runs_by_the_same_way(lab):
    noise = NoiseSpec.of(SHORT, (0, 3), (1, 4), 5)
    experiment = lab.submit(noise)
    wait_for(lab, experiment, "done")
    kept = lab.store.experiment(experiment)
    assert from_json(kept.settings, kept.text) == noise
    assert {m["kind"] for m in lab.store.read(experiment)[0]} >= {"started", "noise", "slope", "noise_scale"}


def test_two_races_wait_in_line_and_a_call_is_answered_meanwhile(lab):
    first = lab.submit(LONG)
    wait_for(lab, first, "running")
    second = lab.submit(SHORT)
    wait_for_records(lab, first, 5)
    assert lab.store.status(second)[0] == "waiting" and lab.line.ahead(second)[0] == 1
    assert lab.call("core.model.trace:trace_shapes", CONFIG, 2, 4)[0]["shape"] == [2, 4]
    assert lab.store.status(first)[0] == "running"  # it did not have to end for that
    lab.stop(first)
    wait_for(lab, second, "done")


def test_one_that_waits_can_be_stopped(lab):
    first, second = lab.submit(LONG), lab.submit(LONG)
    wait_for(lab, first, "running")
    lab.stop(second)
    assert lab.store.status(second)[0] == "stopped"
    lab.stop(first)
    wait_for(lab, first, "stopped")
    assert num_records(lab, second) == 0


def test_pause_resume_stop(lab):
    race = lab.submit(LONG)
    wait_for(lab, race, "running")
    wait_for_records(lab, race, 5)  # its losses come
    lab.pause(race)
    wait_for(lab, race, "paused")
    time.sleep(0.5)  # what was sent before is still being kept
    held = num_records(lab, race)
    time.sleep(0.7)
    assert num_records(lab, race) == held
    lab.resume(race)
    wait_for_records(lab, race, held)
    began = time.monotonic()
    lab.stop(race)
    wait_for(lab, race, "stopped")
    assert time.monotonic() - began < 5  # no timing, only that it was not waited for
    kept = num_records(lab, race)
    assert kept > held
    time.sleep(0.5)
    assert num_records(lab, race) == kept


def test_the_same_race_is_joined_while_it_runs_and_shown_once_it_is_done(lab):
    spec = replace(SHORT, block_size=4)
    busy, mine = lab.submit(LONG), lab.submit(spec, "ann")
    assert lab.submit(spec, "bob") == mine != lab.submit(replace(spec, source="another"), "bob")
    assert lab.line.shared(mine, "ann")  # `is_there` knows everybody here
    lab.stop(busy)
    wait_for(lab, mine, "done")
    assert lab.submit(spec, "cleo") == mine
    again = lab.submit(spec, "cleo", other_than=mine)
    assert again != mine
    wait_for(lab, again, "done")


def test_one_that_has_ended_is_not_joined_while_the_line_still_keeps_its_place(lab):
    spec = replace(SHORT, block_size=5)
    first = lab.submit(spec, "ann")
    wait_for(lab, first, "done")
    until = time.monotonic() + 10
    while lab.line.runs_here(first) and time.monotonic() < until:
        time.sleep(0.01)
    lab.line.entries[first] = Entry(first, spec, ["ann"], future=object())
    again = lab.submit(spec, "ann", other_than=first)
    del lab.line.entries[first]
    lab.stop(again)
    assert again != first


def first_number(lab, race_id: str) -> int:
    return lab.store.read(race_id, at_most=1)[1]  # grows from record to record, whosever they are


def test_a_killed_worker_ends_its_race_with_a_sentence_and_those_in_line_keep_their_places(lab):
    race, second, third = (lab.submit(each) for each in (LONG, SHORT, SHORT))
    wait_for(lab, race, "running")
    kept = wait_for_records(lab, race, 5)
    (pid,) = lab.client.run(os.getpid, workers=[lab.line.entries[race].worker]).values()
    psutil.Process(pid).kill()
    assert wait_for(lab, race, "failed", "done") == "failed"
    assert "worker that ran this died" in lab.store.status(race)[1]
    assert num_records(lab, race) >= kept
    assert wait_for(lab, second, "done", "failed", seconds=60) == "done"
    assert wait_for(lab, third, "done", "failed") == "done"
    assert 0 < first_number(lab, second) < first_number(lab, third)


@pytest.mark.parametrize("seconds", [0, 0.05, 0.15, 0.5])
def test_a_race_can_be_stopped_at_any_moment_of_its_start(lab, seconds):
    race = lab.submit(replace(LONG, text=TEXT * 500, tokenizer="bpe"))  # takes the better part of a second to read
    time.sleep(seconds)  # in line, handed to a worker that has not answered yet, or begun
    lab.stop(race)
    wait_for(lab, race, "stopped")
    after = lab.submit(SHORT)
    wait_for(lab, after, "done")
