"""A real cluster: calls that go wrong, what is refused, another scheduler, and what ends with the server."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from distributed import Client
from small_races import LONG, SHORT, TEXT, num_records, wait_for

from core.experiments.race.spec import RaceSpec
from core.lab import calls, cluster, line
from core.lab.cluster import Lab, LabError
from core.lab.store import Store
from core.measure.memory import Machine
from core.training import TrainConfig

ROOT = Path(__file__).parents[2]


# ---- short calls that go wrong


def test_an_error_of_the_program_becomes_a_sentence_too(lab):
    with pytest.raises(LabError, match=r"an error of the program \(AttributeError\)"):
        lab.call("core.lab.worker:no_such_function")


def test_a_call_that_finds_no_memory_says_so_and_its_worker_goes_on(lab):
    worker = lab.call("os:getpid", fresh=True)
    with pytest.raises(LabError, match="The memory was not enough"):
        lab.call("builtins:exec", "raise MemoryError('of a text')")
    time.sleep(1.5)
    assert lab.call("os:getpid", fresh=True) == worker


def test_a_worker_whose_gpu_failed_says_so_and_is_started_again(lab):
    worker = lab.call("os:getpid", fresh=True)
    with pytest.raises(LabError, match="The GPU failed"):
        lab.call("builtins:exec", "import torch; raise torch.AcceleratorError('CUDA error: an illegal memory access')")
    time.sleep(1.5)  # its last words take a second
    assert lab.call("os:getpid", fresh=True) != worker


def test_a_call_that_takes_too_long_is_given_up_and_its_worker_started_again(lab, monkeypatch):
    worker = lab.call("os:getpid", fresh=True)
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.2)
    with pytest.raises(LabError, match="did not answer in time"):
        lab.call("time:sleep", 60)
    monkeypatch.undo()
    assert lab.call("os:getpid", fresh=True) != worker


def test_a_call_in_line_at_a_worker_that_is_replaced_is_answered_by_the_next_one(lab):
    worker, answers = lab.call("os:getpid", fresh=True), []
    address = next(at for at, each in lab.client.scheduler_info()["workers"].items() if each["name"] == "call-0")
    lab.client.submit(time.sleep, 2, workers=address, resources={"call-0": 1}, pure=False)  # it comes first there
    caller = threading.Thread(target=lambda: answers.append(lab.call("os:getpid", fresh=True)))
    caller.start()
    time.sleep(0.5)
    lab.client.sync(lab.cluster.dask.scheduler.remove_worker, address, stimulus_id="test", expected=True)
    caller.join(timeout=40)
    assert len(answers) == 1 and answers[0] != worker


def test_a_call_whose_worker_is_killed_is_asked_once_more(lab):
    answers = []
    worker = psutil.Process(lab.call("os:getpid", fresh=True))
    caller = threading.Thread(target=lambda: answers.append(lab.call("time:sleep", 2)))
    caller.start()
    time.sleep(0.5)
    worker.kill()
    caller.join(timeout=40)
    assert answers == [None] and lab.call("os:getpid", fresh=True) != worker.pid


def test_a_call_that_kills_its_worker_is_not_asked_a_third_time(lab):
    with pytest.raises(LabError, match="died at this twice"):
        lab.call("builtins:exec", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert lab.call("os:getpid", fresh=True) > 0


def test_equal_questions_are_answered_once_and_nobody_can_change_the_answer(lab):
    first = lab.call("builtins:list", "abc")
    first.append("d")
    assert lab.call("builtins:list", "abc") == ["a", "b", "c"]
    assert lab.call("time:time_ns") == lab.call("time:time_ns") < lab.call("time:time_ns", fresh=True)
    together = []
    threads = [threading.Thread(target=lambda: together.append(lab.call("secrets:token_hex", 8))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == 8 and len(set(together)) == 1


def test_a_question_that_waits_hears_how_many_are_before_it(lab):
    heard = []
    slow = threading.Thread(target=lab.call, args=("time:sleep", 3))
    slow.start()
    time.sleep(0.3)
    lab.call("builtins:len", "abcd", waiting=heard.append)
    slow.join()
    assert heard and set(heard) == {1}


# ---- a database that is away


def num_steps(lab, race_id: str) -> int:
    """Of all runs, as they were kept."""
    kept = lab.store.read(race_id, at_most=100_000)[0]
    return sum(len(message["data"]) for message in kept if message["kind"] == "losses") // 4


def test_a_race_that_ends_while_its_database_is_locked_is_kept_to_its_last_step(lab):
    usual = lab.submit(SHORT)
    wait_for(lab, usual, "done")
    lock = sqlite3.connect(lab.store.database.url.removeprefix("sqlite:///"), isolation_level=None)
    race = lab.submit(SHORT)
    lock.execute("BEGIN IMMEDIATE")
    until = time.monotonic() + 60
    while lab.line.runs_here(race) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lab.line.runs_here(race) and lab.store.status(race)[0] in ("waiting", "running")
    assert lab.call("os:getpid", fresh=True) > 0  # nothing else has to wait
    lock.close()
    wait_for(lab, race, "done")
    assert num_steps(lab, race) == num_steps(lab, usual) > 100
    assert [m["kind"] for m in lab.store.read(race)[0]].count("summary") == 4


def test_a_race_whose_database_is_deleted_is_stopped_and_the_next_one_is_kept_in_a_new_file(lab):
    race = lab.submit(LONG)
    wait_for(lab, race, "running")
    file = Path(lab.store.database.url.removeprefix("sqlite:///"))
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    until = time.monotonic() + 60
    while lab.line.runs_here(race) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lab.line.runs_here(race) and lab.store.status(race) is None
    after = lab.submit(SHORT)
    wait_for(lab, after, "done", seconds=60)
    assert file.exists() and num_records(lab, after) > 4


# ---- what is refused before it starts


def test_a_race_that_cannot_run_is_refused_and_not_kept(lab, monkeypatch):
    before = lab.submit(SHORT)
    monkeypatch.setattr(lab, "machine", Machine(devices={"cpu": 1_000}))
    with pytest.raises(ValueError, match="GiB of memory"):
        lab.submit(SHORT)
    monkeypatch.undo()
    after = lab.submit(SHORT)
    assert lab.line.ahead(after)[0] <= 1  # `before`, if it still runs, and nothing else
    wait_for(lab, before, "done")
    wait_for(lab, after, "done")


def test_too_long_a_line_is_refused_with_a_sentence(lab, monkeypatch):
    monkeypatch.setattr(cluster, "MAX_ACTIVE", 0)
    with pytest.raises(LabError, match="try again when some have ended"):
        lab.submit(SHORT)


# ---- a cluster that is there already


def test_a_lab_can_join_a_cluster_and_keeps_its_own_records(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("BATCHSCOPE_SCHEDULER", lab.cluster.dask.scheduler_address)
    monkeypatch.setattr("distributed.Client", partial(Client, security=lab.cluster.security))
    guest = Lab(Store(f"sqlite:///{tmp_path}/guest.db"))
    race = guest.submit(SHORT)
    wait_for(guest, race, "done")
    assert guest.store.read(race)[0][0]["kind"] == "started"
    assert guest.cluster is None and lab.store.status(race) is None and num_records(lab, race) == 0
    guest.close()
    assert lab.call("os:getpid", fresh=True) > 0  # it took nothing down with it


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
    monkeypatch.setattr(cluster, "HOUR_SECONDS", 0)
    assert lab.forgetting == [lab.store.forget_old, lab._forget_checkpoints]
    monkeypatch.setattr(lab, "forgetting", [forgotten.set])
    assert forgotten.wait(timeout=10)


def test_a_race_that_nobody_looks_at_is_stopped(lab, monkeypatch):
    monkeypatch.setattr(line, "LEASE_SECONDS", 0)
    monkeypatch.setattr(lab.line, "is_there", lambda visitor: False)
    race = lab.submit(LONG)
    wait_for(lab, race, "stopped", seconds=40)


# ---- who may reach it


def test_without_the_certificate_nobody_reaches_a_port_of_it(lab):
    lab.call("os:getpid")
    processes = [psutil.Process(), *map(psutil.Process, lab.client.run(os.getpid).values())]  # no other test's servers
    ports = {c.laddr for p in processes for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
    assert len(ports) >= 5 and {address.ip for address in ports} == {"127.0.0.1"}
    for _, port in ports:
        with pytest.raises(OSError, match=r"404|reset|closed"):  # it serves nothing, or speaks no HTTP
            urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
    address = lab.cluster.dask.scheduler_address
    for without in (address.replace("tls:", "tcp:"), address):
        with pytest.raises((OSError, TypeError), match=r"reset|closed|ssl_context"):
            Client(without, timeout=5)


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
    command = [sys.executable, str(tmp_path / "serve.py"), f"sqlite:///{tmp_path}/x.db"]
    alone = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=alone) as process:
        workers = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert not alive
