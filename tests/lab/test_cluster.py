"""A real cluster: races run, wait, pause, stop and die; short calls are answered meanwhile."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.experiments.noise.spec import NoiseSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json
from core.experiments.step_cost.spec import StepCostSpec
from core.lab import cluster
from core.lab.cluster import Lab, LabError
from core.lab.store import Store
from core.measure.memory import Machine
from core.model import GPTConfig
from core.training import TrainConfig

ROOT = Path(__file__).parents[2]
TEXT = "To be or not to be, that is the question. " * 40
CONFIG = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=4)


def spec(max_tokens: int) -> RaceSpec:
    plan = TrainConfig(batch_sizes=(2, 8), num_seeds=2, max_tokens=max_tokens)
    return RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=plan)


SHORT, LONG = spec(4_000), spec(20_000_000)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "HEARTBEAT_SECONDS", 0.5)
        running = Lab(Store(f"sqlite:///{tmp_path_factory.mktemp('lab')}/lab.db"))
        running.start()
        yield running
        running.close()


def wait_for(lab, race_id: str, *statuses: str, seconds: float = 30) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (status := lab.store.status(race_id)[0]) in statuses:
            return status
        time.sleep(0.02)
    pytest.fail(f"{race_id} is {status}, not {statuses}")


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


def num_records(lab, race_id: str) -> int:
    return len(lab.store.read(race_id, at_most=100_000)[0])


def wait_for_records(lab, race_id: str, more_than: int) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if (found := num_records(lab, race_id)) > more_than:
            return found
        time.sleep(0.05)
    pytest.fail("no new records")


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
    assert lab.store.status(second)[0] == "waiting" and lab.store.num_ahead(second) == 1
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
    lab.pause(race)
    wait_for(lab, race, "paused")
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


def first_number(lab, race_id: str) -> int:
    return lab.store.read(race_id, at_most=1)[1]  # grows from record to record, whosever they are


def test_a_killed_worker_ends_its_race_with_a_sentence_and_those_in_line_keep_their_places(lab):
    race, second, third = (lab.submit(each) for each in (LONG, SHORT, SHORT))
    wait_for(lab, race, "running")
    kept = wait_for_records(lab, race, 5)
    (pid,) = lab.client.run(os.getpid, workers=[lab.workers[race]]).values()
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


# ---- short calls that go wrong


def test_an_error_of_the_program_becomes_a_sentence_too(lab):
    with pytest.raises(LabError, match=r"an error of the program \(AttributeError\)"):
        lab.call("core.lab.worker:no_such_function")


def test_a_call_that_finds_no_memory_says_so_and_its_worker_goes_on(lab):
    worker = lab.call("os:getpid")
    with pytest.raises(LabError, match="The memory was not enough"):
        lab.call("builtins:exec", "raise MemoryError('of a text')")
    time.sleep(1.5)
    assert lab.call("os:getpid") == worker


def test_a_worker_whose_gpu_failed_says_so_and_is_started_again(lab):
    worker = lab.call("os:getpid")
    with pytest.raises(LabError, match="The GPU failed"):
        lab.call("builtins:exec", "import torch; raise torch.AcceleratorError('CUDA error: an illegal memory access')")
    time.sleep(1.5)  # its last words take a second
    assert lab.call("os:getpid") != worker


def test_a_call_that_takes_too_long_is_given_up_and_the_next_one_is_answered(lab, monkeypatch):
    monkeypatch.setattr(cluster, "CALL_SECONDS", 0.2)
    with pytest.raises(LabError, match="did not answer"):
        lab.call("time:sleep", 1)
    monkeypatch.undo()
    assert lab.call("os:getpid") > 0


def test_a_killed_call_worker_ends_its_call_with_a_sentence_and_comes_back(lab):
    said = []

    def long_call():
        with pytest.raises(LabError) as refused:
            lab.call("time:sleep", 25)
        said.append(str(refused.value))

    worker = psutil.Process(lab.call("os:getpid"))
    caller = threading.Thread(target=long_call)
    caller.start()
    time.sleep(0.2)
    worker.kill()
    caller.join(timeout=20)
    assert said == ["The worker did not answer. It is started again by itself: try once more."]
    assert lab.call("os:getpid") != worker.pid


# ---- what is refused before it starts


def test_a_race_that_cannot_run_is_refused_and_not_kept(lab, monkeypatch):
    before = lab.submit(SHORT)
    monkeypatch.setattr(lab, "machine", Machine(devices={"cpu": 1_000}))
    with pytest.raises(ValueError, match="GiB of memory"):
        lab.submit(SHORT)
    monkeypatch.undo()
    after = lab.submit(SHORT)
    assert lab.store.num_ahead(after) <= 1  # `before`, if it still runs, and nothing else
    wait_for(lab, before, "done")
    wait_for(lab, after, "done")


def test_too_long_a_line_is_refused_with_a_sentence(lab, monkeypatch):
    monkeypatch.setattr(cluster, "MAX_ACTIVE", 0)
    with pytest.raises(LabError, match="try again when some have ended"):
        lab.submit(SHORT)


# ---- a cluster that is there already


def test_a_lab_can_join_a_cluster_and_keeps_its_own_records(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("BATCHSCOPE_SCHEDULER", lab.cluster.scheduler_address)
    guest = Lab(Store(f"sqlite:///{tmp_path}/guest.db"))
    race = guest.submit(SHORT)
    wait_for(guest, race, "done")
    assert guest.store.read(race)[0][0]["kind"] == "started"
    assert guest.cluster is None and lab.store.status(race) is None and num_records(lab, race) == 0
    guest.close()
    assert lab.call("os:getpid") > 0  # it took nothing down with it


def test_a_cluster_that_does_not_answer_is_told(monkeypatch, tmp_path):
    def nobody(*args, **kwargs):
        raise OSError("timed out")

    monkeypatch.setenv("BATCHSCOPE_SCHEDULER", "tcp://127.0.0.1:1")
    monkeypatch.setattr("distributed.Client", nobody)
    with pytest.raises(LabError, match=r"No cluster answers at tcp://127\.0\.0\.1:1: start it, or unset"):
        Lab(Store(f"sqlite:///{tmp_path}/x.db")).start()


def test_a_sentence_from_a_worker_arrives(lab):
    with pytest.raises(ValueError, match="no device 'abacus'"):
        lab.call("core.engine.loop:find_device", "abacus")


def test_what_a_race_cannot_do_is_told_by_the_race(lab, monkeypatch):
    monkeypatch.setattr(RaceSpec, "check", lambda self, machine: None)  # which would have seen it
    plan = TrainConfig(batch_sizes=(2,), num_seeds=1, max_tokens=4_000, device="mps")
    race = lab.submit(RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=plan))
    wait_for(lab, race, "failed")
    assert "no device 'mps'" in lab.store.status(race)[1]


def test_old_races_are_forgotten_while_the_server_runs(lab, monkeypatch):
    forgotten = threading.Event()
    monkeypatch.setattr(cluster, "BEATS_TO_FORGET", 1)
    monkeypatch.setattr(lab.store, "forget_old", forgotten.set)
    assert forgotten.wait(timeout=10)


def test_a_race_that_nobody_looks_at_is_stopped(lab, monkeypatch):
    monkeypatch.setattr(cluster, "LEASE_SECONDS", 0)
    race = lab.submit(LONG)
    wait_for(lab, race, "stopped", seconds=40)


SCRIPT = """
import sys, time
import psutil
from core.lab.cluster import Lab
from core.lab.store import Store

if __name__ == "__main__":
    lab = Lab(Store(sys.argv[1]))
    lab.describe()
    assert "torch" not in sys.modules
    print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)
    time.sleep(60)
"""


def test_killing_the_server_kills_its_workers_and_it_never_loaded_torch(tmp_path):
    (tmp_path / "serve.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "serve.py"), f"sqlite:///{tmp_path}/x.db"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    workers = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
    process.kill()
    process.wait()
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert not alive
