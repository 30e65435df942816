"""What a shell gets where something is wrong: one sentence, an exit code, lines that every parser reads, and files as
they were."""

import json
import math
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from core.settings.environment import worker_memory
from core.shell.lines import NAMED_RUNS, Divergences, write_lines

ROOT = Path(__file__).parents[1]
SMALL = ("--block-size=8", "--n-layer=1", "--n-head=1", "--n-embd=8", "--device=cpu")
WILD = ("--learning-rate=1000", *SMALL)


def refuse(constant: str):
    raise AssertionError(f"{constant} is no JSON")


def parsed(lines: str) -> list[dict]:
    return [json.loads(line, parse_constant=refuse) for line in lines.splitlines()]


@pytest.fixture
def text_file(tmp_path) -> str:
    path = tmp_path / "text.txt"
    path.write_text("To be or not to be, that is the question.\n" * 40, encoding="utf-8")
    return str(path)


# ---- numbers that are not finite


def test_a_line_has_null_for_what_is_not_finite(capsys):
    assert write_lines("-", [{"kind": "x", "values": [1.5, math.nan, {"deep": -math.inf}]}])
    assert parsed(capsys.readouterr().out) == [{"kind": "x", "values": [1.5, None, {"deep": None}]}]


@pytest.mark.slow
def test_one_round_of_the_bench_has_no_interval_and_says_so_in_json(run, text_file):
    code, out, _ = run("bench", "--text-file", text_file, *SMALL, "--batch-sizes=2", "--num-seeds=1", "--rounds=1")
    (line,) = parsed(out)
    assert code == 0 and line["ratio"] > 0 and line["ratio_low"] is None is line["ratio_high"]


@pytest.mark.slow
def test_a_training_over_ranks_that_diverges_says_where_and_is_no_success(run, text_file):
    code, out, err = run(
        "distribute", "--text-file", text_file, *WILD, "--num-ranks=1", "--steps=60", "--mistake=summed-loss"
    )
    steps = [line for line in parsed(out) if line["kind"] == "step"]
    lost = [line["step"] for line in steps if line["loss"] is None]
    assert lost and lost[0] > 1 and code == 1
    assert err == f"batchscope: A run diverged (at step {lost[0]}): choose a smaller learning rate.\n"


def test_runs_of_a_race_that_diverge_are_named_and_the_others_count(run, text_file):
    size = ("--batch-sizes=2,8", "--num-seeds=1", "--max-tokens=4000")
    code, out, err = run("race", "--text-file", text_file, *WILD, *size)
    lost = {(line["batch_size"], line["step"]) for line in parsed(out) if line["kind"] == "diverged"}
    assert code == 0 and lost
    for batch_size, step in lost:
        assert f"B = {batch_size}, seed 0, at step {step}" in err


def test_of_many_runs_that_diverged_some_are_named(capsys):
    diverged = Divergences()
    for seed in range(NAMED_RUNS + 3):
        diverged.take({"kind": "diverged", "batch_size": 4, "seed": seed, "step": 1200, "learning_rate": 0.5})
    diverged.tell()
    err = capsys.readouterr().err
    assert err.startswith("batchscope: 9 runs diverged (B = 4, seed 0, learning rate 0.5, at step 1,200; B = 4, seed 1")
    assert "; and 3 more): choose" in err


def test_only_the_first_step_of_a_run_that_diverged_is_named():
    diverged = Divergences()
    for step, loss in enumerate((2.5, math.nan, None), start=1):
        diverged.take({"kind": "step", "step": step, "loss": loss})
    assert diverged.runs == ["at step 2"]


# ---- files


@pytest.mark.parametrize("option", ["--n-head=3", "--batch-sizes=4000", "--learning-rate=0", "--device=nosuch"])
def test_a_file_of_before_stays_where_a_setting_is_refused(run, text_file, tmp_path, option):
    out = tmp_path / "old.jsonl"
    out.write_text("kept")
    code, _, err = run("race", "--text-file", text_file, option, "--jsonl", str(out))
    assert code == 2 and len(err.splitlines()) == 1 and out.read_text() == "kept"


def test_a_file_of_before_stays_where_nothing_can_be_measured(tmp_path):
    def nothing():
        raise ValueError("All windows of this text are alike")
        yield {}

    out = tmp_path / "old.jsonl"
    out.write_text("kept")
    with pytest.raises(ValueError, match="alike"):
        write_lines(str(out), nothing())
    assert out.read_text() == "kept"


def test_more_memory_than_there_is_is_refused_before_it_is_taken(run, text_file, tmp_path):
    large = ("--batch-sizes=512", "--n-layer=12", "--n-embd=768", "--n-head=12", "--block-size=512", "--num-seeds=8")
    large += ("--max-tokens=1000000",)
    out = tmp_path / "out.jsonl"
    code, _, err = run("race", *large, "--jsonl", str(out))
    assert code == 2 and "GiB of memory" in err and not out.exists()


def test_a_file_that_is_too_large_is_not_read(run, tmp_path):
    path = tmp_path / "large.txt"
    path.touch()
    os.truncate(path, 6_000_000_000)  # of which the disk keeps nothing
    code, _, err = run("race", "--text-file", str(path))
    assert code == 2 and "it has 6,000,000,000 bytes and the limit is 5,000,000" in err


@pytest.mark.parametrize("option", ["--jsonl", "--text-file"])
@pytest.mark.parametrize("value", ["", ".", "/nowhere/at/all.txt"])
@pytest.mark.parametrize("command", ["race", "noise", "distribute", "bench"])
def test_a_file_that_cannot_be_is_refused_before_anything_is_done(run, command, option, value):
    code, out, err = run(command, option, value)
    assert (code, out) == (2, "") and f"Invalid value for '{option}': " in err and len(err.splitlines()) == 1
    assert "Errno" not in err


@pytest.mark.parametrize("option", ["--script", "--notebook"])
def test_a_folder_is_no_file_to_write_to(run, tmp_path, option):
    code, _, err = run("export", option, str(tmp_path))
    assert code == 2 and "is no name of a file" in err


# ---- options and environment variables


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["distribute", "--port=70000"], "'--port': it goes from 0 to 65,535."),
        (["distribute", "--port=-1"], "'--port': it goes from 0 to 65,535."),
        (["race", f"--first-seed={2**64}"], "'--first-seed': it goes from 0 to 999,999."),
        (["race", "--learning-rate=nan"], "'--learning-rate': it goes from"),
        (["race", "--learning-rate=inf"], "'--learning-rate': it goes from"),
        (["race", "--num-seeds="], "'--num-seeds': a value is missing."),
        (["race", "--batch-sizes=4,,8"], "'--batch-sizes': a value is missing."),
        (["distribute", "--mistake=x"], "'--mistake': it is one of same-seed, mean-of-means, summed-loss."),
    ],
)
def test_an_option_out_of_bounds_is_named(run, command, sentence):
    code, out, err = run(*command)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and f"Invalid value for {sentence}" in err


def test_the_help_lists_no_empty_choice(run):
    _, out, _ = run("distribute", "--help")
    assert "--mistake same-seed|" in out


@pytest.mark.parametrize(
    ("given", "memory"),
    [
        ("", None),
        (" ", None),
        ("0.5", 0.5),
        ("1", 1.0),
        ("2GB", 2 * 10**9),
        ("1.5 GiB", 1_610_612_736),
        ("600MB", 6 * 10**8),
    ],
)
def test_the_memory_of_a_worker(given, memory):
    assert worker_memory({"BATCHSCOPE_WORKER_MEMORY": given}) == memory


@pytest.mark.parametrize("given", ["300MB", "0", "-1", "1.5", "lots", "2 XB", "nan", "inf", "2GB2", "9" * 500])
def test_a_memory_that_cannot_be_names_the_variable(given):
    with pytest.raises(ValueError, match=r"^BATCHSCOPE_WORKER_MEMORY cannot be “.*at least 512 MiB"):
        worker_memory({"BATCHSCOPE_WORKER_MEMORY": given})


# ---- an interrupt


def test_who_interrupts_while_it_loads_gets_no_traceback():
    code = (
        "import builtins, sys, core.__main__ as m\n"
        "load = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'core.shell.program': raise KeyboardInterrupt\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "sys.exit(m.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.slow
def test_who_interrupts_a_race_gets_no_traceback(text_file):
    command = [sys.executable, "-m", "core", "race", "--text-file", text_file, *SMALL, "--max-tokens=50000000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # tests in a shell's background would hand on none
    with subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=heard, **pipes) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.strip() == ""
