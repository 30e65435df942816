"""Ranks that die, hang or find their port taken end with a sentence, and leave no process behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.engine import found_devices
from core.experiments.parallel import run as ranks_module
from core.experiments.parallel.run import FOLDER, Launch, forget_folders, run
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, to_json
from core.measure.memory import Machine
from core.settings.limits import LOADED_BYTES, SHARING_RANK_BYTES
from core.strategies import ParallelPlan, ranks_share_memory

ROOT = Path(__file__).parents[2]
RACE = RaceSpec(text="To be or not to be, that is the question. " * 40, block_size=8, n_layer=1, n_head=2, n_embd=16)


def spec_with(num_steps: int, **options) -> ParallelSpec:
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=num_steps)
    return ParallelSpec(race=RACE, plan=plan, num_ranks=2, **options)


def test_settings_make_the_journey_and_back():
    assert from_json(to_json(spec_with(3)), RACE.text) == spec_with(3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"num_ranks": 5}, "5 ranks cannot be had"), ({"num_ranks": 0}, "0 ranks cannot be had")],
)
def test_too_much_is_refused(options, sentence):
    spec = ParallelSpec(race=RACE, plan=spec_with(3).plan, **options)
    with pytest.raises(ValueError, match=sentence):
        spec.check(Machine(devices={"cpu": 2**40}))


def test_a_port_in_use_is_said_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"Port {port} is in use"):
            spec_with(3, port=port).check(Machine(devices={"cpu": 2**40}))


@pytest.mark.parametrize(("num_gpus", "refused"), [(1, False), (2, True)])
def test_the_memory_that_counts_is_of_the_devices_that_the_ranks_take(num_gpus, refused):
    race = replace(RACE, train=replace(RACE.train, device="auto"))
    machine = Machine(devices={"cuda": 1_000, "cpu": 2**40}, num_gpus=num_gpus)
    with pytest.raises(ValueError, match="GiB of memory") if refused else contextlib.nullcontext():
        replace(spec_with(3), race=race).check(machine)


@pytest.mark.parametrize(
    ("ranks_memory", "sentence"),
    [
        (2.5, "GiB are available: 2 ranks would fit."),
        (1.5, "GiB are available: 1 rank would fit."),
        (0.5, "not even one rank would fit, with the process that starts it."),
    ],
)
@pytest.mark.parametrize("shared", [True, False])
def test_ranks_that_do_not_fit_are_told_how_many_would(ranks_memory, sentence, shared, monkeypatch):
    monkeypatch.setattr("core.experiments.parallel.spec.ranks_share_memory", lambda devices: shared)
    each = 1.1 * (SHARING_RANK_BYTES if shared else LOADED_BYTES)
    machine = Machine(devices={"cpu": LOADED_BYTES + int(ranks_memory * each)})
    with pytest.raises(ValueError, match=sentence):
        replace(spec_with(3), num_ranks=4).check(machine)


@pytest.fixture
def started(monkeypatch):
    """(messages, ranks) of a training that goes on for long, taken up to its first step."""
    monkeypatch.setattr(ranks_module, "SILENT_SECONDS", 3)
    made = []
    begin = Launch.__init__

    def remember(self, *args):
        begin(self, *args)
        made.append(self)

    monkeypatch.setattr(Launch, "__init__", remember)
    messages = run(spec_with(200_000))
    next(message for message in messages if message.kind == "step")
    yield messages, made[0]
    messages.close()


def left(ranks: Launch) -> list[int]:
    """The processes that are still there, a moment later."""
    time.sleep(0.5)
    return [pid for pid in (ranks.process.pid, *ranks.pids.values()) if psutil.pid_exists(pid)]


@pytest.mark.waits
@pytest.mark.parametrize(
    ("act", "sentence"), [(signal.SIGKILL, "Rank 1 died"), (signal.SIGSTOP, "Rank 1 has given no sign of life")]
)
def test_a_rank_that_dies_or_hangs_ends_it_with_a_sentence(started, act, sentence):
    messages, ranks = started
    os.kill(ranks.pids[1], act)
    began = time.monotonic()
    with pytest.raises(ValueError, match=sentence):
        list(messages)
    assert time.monotonic() - began < 15
    assert left(ranks) == []


@pytest.mark.waits
@pytest.mark.skipif(not ranks_share_memory(found_devices()), reason="each rank loads torch for itself here")
def test_ranks_share_what_their_launcher_has_loaded(started):
    _, ranks = started
    own = [psutil.Process(pid).memory_full_info().uss for pid in ranks.pids.values()]
    assert len(own) == 2 and max(own) < LOADED_BYTES / 2


@pytest.mark.waits
def test_ranks_whose_launcher_was_killed_end_with_it_and_with_a_sentence(started):
    messages, ranks = started
    family = [psutil.Process(pid) for pid in ranks.pids.values()]
    ranks.process.kill()
    _, there = psutil.wait_procs(family, timeout=5)
    assert len(family) == 2 and [p for p in there if p.status() != psutil.STATUS_ZOMBIE] == []
    with pytest.raises(ValueError, match=r"Rank [01] died"):
        list(messages)


@pytest.mark.waits
def test_stopping_leaves_nothing_behind(started):
    messages, ranks = started
    messages.close()
    assert len(ranks.pids) == 2 and left(ranks) == []


@pytest.mark.waits
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_ranks_whose_starter_was_killed_end_themselves_and_leave_no_text(tmp_path, monkeypatch, end):
    text, temporary = tmp_path / "text.txt", tmp_path / "temporary"
    text.write_text(RACE.text)
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    command = [sys.executable, "-m", "core", "distribute", "--text-file", text, "--steps", "200", "--n-layer", "1"]
    starter = subprocess.Popen([*command, "--micro-batch-size", "64"], cwd=ROOT, stdout=subprocess.PIPE)
    for line in starter.stdout:
        if json.loads(line)["kind"] == "step":
            break
    assert [folder.name.startswith(FOLDER) for folder in temporary.iterdir()] == [True]
    family = psutil.Process(starter.pid).children(recursive=True)
    starter.send_signal(end)
    starter.communicate()
    assert len(family) >= 3  # the launcher and two ranks
    _, there = psutil.wait_procs(family, timeout=10)
    assert [p for p in there if p.status() != psutil.STATUS_ZOMBIE] == []
    written = [file.read_text(errors="replace") for file in temporary.rglob("*") if file.is_file()]
    assert not [content for content in written if RACE.text[:20] in content]
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    forget_folders()
    assert list(temporary.iterdir()) == []


@pytest.mark.waits
def test_two_launchers_train_together(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text, out = tmp_path / "text.txt", tmp_path / "out.jsonl"
    text.write_text(RACE.text)
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d"]
    launch += [
        f"--rdzv-endpoint=127.0.0.1:{port}",
        "--rdzv-id=test",
        "--local-addr=127.0.0.1",
        "-m",
        "core",
        "distribute",
    ]
    launch += ["--text-file", text, "--steps", "2", "--block-size", "8", "--n-layer", "1", "--jsonl", out]
    nodes = [subprocess.Popen(launch, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        for node in nodes:
            _, errors = node.communicate(timeout=90)
            assert node.returncode == 0, errors[-2000:]
    finally:
        for node in nodes:
            node.kill()
    messages = [json.loads(line) for line in out.read_text().splitlines()]
    assert messages[0]["num_ranks"] == 2 and messages[0]["batch_size"] == 16  # 4 x 2 x 2
    assert [m["difference"] < 1e-5 for m in messages if m["kind"] == "step"] == [True, True]
