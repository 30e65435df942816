"""`python -m core` as another program uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.__main__ import main
from core.experiments.registry import OFFERS
from core.settings.declared import SETTINGS
from core.shell.program import app

ROOT = Path(__file__).parents[1]
SMALL = ["--batch-sizes=2,8", "--num-seeds=2", "--max-tokens=2560", "--block-size=8"]
SMALL += ["--n-layer=1", "--n-head=2", "--n-embd=16"]
AT = {"kind", "batch_size", "seed"}


def run_alone(*args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "core", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def run(monkeypatch, capsys):
    """`run(*args)` does the same in this process, which has torch already."""
    threads = torch.get_num_threads()

    def run_main(*args: str) -> subprocess.CompletedProcess:
        monkeypatch.setattr(sys, "argv", ["core", *args])
        code = main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(args, code, said.out, said.err)

    yield run_main
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def text_file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("cli") / "text.txt"
    path.write_text("To be or not to be, that is the question.\n" * 40, encoding="utf-8")
    return str(path)


def race(run, text_file: str, out: Path) -> list[dict]:
    done = run("race", "--text-file", text_file, *SMALL, "--device", "cpu", "--jsonl", str(out))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.slow
def test_a_race_writes_the_same_records_in_another_process(run, text_file, tmp_path):
    records, again = race(run, text_file, tmp_path / "one.jsonl"), race(run_alone, text_file, tmp_path / "two.jsonl")
    by_kind = {r["kind"]: r for r in records}
    assert set(by_kind["train"]) == AT | {"step", "tokens_seen", "loss"}
    assert set(by_kind["eval"]) == AT | {"step", "tokens_seen", "val_loss"}
    assert set(by_kind["summary"]) == AT | {"steps", "final_val_loss", "loss_noise", "tokens_per_second"}
    assert sum(r["kind"] == "summary" for r in records) == 4
    assert sum(r["kind"] == "train" for r in records) == 2 * (160 + 40)
    assert [r for r in records if r["kind"] != "summary"] == [r for r in again if r["kind"] != "summary"]


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "This file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "not a text"),
        (b"\xff\xfe\xfa", "cannot be read as UTF-16"),
        (b"to be\xff", "cannot be read as UTF-8"),
        (b"aaaaaaaaa", "repeats one"),
        (b"To be or not to be.\n" * 3, "the validation part has 6, 3 too few"),  # 60 characters, 6 of them held out
    ],
)
def test_a_file_that_cannot_serve_gets_one_sentence(run, content, sentence, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    done = run("race", "--text-file", str(path), *SMALL)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and sentence in done.stderr
    assert done.stderr.startswith("batchscope: ") and "Traceback" not in done.stderr


def test_a_file_that_is_not_there_gets_one_sentence_and_nothing_else():
    done = run_alone("race", "--text-file", "nowhere.txt")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "sentence"),
    [("--batch-sizes=4,4000", "is more than the"), ("--n-head=3", "shared equally")],
)
def test_a_plan_that_cannot_race_gets_one_sentence(run, text_file, option, sentence):
    done = run("race", "--text-file", text_file, *SMALL, option)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and sentence in done.stderr
    assert done.stderr.startswith("batchscope: ") and done.stderr.endswith(".\n")


def test_noise_is_measured_from_a_shell(run, text_file):
    some = ("--block-size=4", "--n-layer=1", "--n-head=1", "--n-embd=8", "--steps=0,3", "--batch-sizes=1,4")
    done = run("noise", "--text-file", text_file, *some, "--num-batches=5")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert {r["step"] for r in records} == {0, 3}
    noise = [r for r in records if r["kind"] == "noise"]
    assert {(r["quantity"], r["batch_size"]) for r in noise} == {(q, b) for q in ("loss", "gradient") for b in (1, 4)}
    assert all(0 < r["low"] < r["sigma"] < r["high"] for r in noise)
    scales = [r for r in records if r["kind"] == "noise_scale"]
    wanted = {"grad_sq_norm", "trace_cov", "simple_noise_scale", "low", "high", "resolved"}
    assert len(scales) == 2 and all(wanted <= r.keys() for r in scales)
    assert {r["kind"] for r in records} == {"noise", "slope", "noise_scale"}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["race", "--batch-sizes=4,x"], "Invalid value for '--batch-sizes': “x” is not a whole number."),
        (["race", "--learning-rate=0"], "Invalid value for '--learning-rate': it goes from 1e-06 to 1000."),
        (["race", "--source=pasted"], "Which text? Give --text-file."),
        (["export"], "Which file? Give --script, --notebook or both."),
        (["record", "--sample=nosuch"], "is not one of"),
        (["fly"], "No such command 'fly'."),
        ([], "Missing command."),
    ],
)
def test_what_is_not_understood_gets_one_sentence(command, sentence, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["core", *command])
    assert main() == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("batchscope: ") and sentence in err and len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_reader_that_has_read_enough_ends_the_race_in_silence(text_file):
    command = [sys.executable, "-m", "core", "race", "--text-file", text_file, *SMALL, "--max-tokens=1000000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=60) == 0 and said == ""
    assert (first["kind"], first["step"]) == ("eval", 0)


def test_help_needs_no_torch():
    code = "import sys, core.__main__ as m; from core.shell.program import app\n"
    code += "for name in ([], *([name] for name in app().commands)):\n"
    code += "    sys.argv[1:] = [*name, '--help']; assert m.main() == 0\n"
    code += "print('torch:', 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Usage: python -m core [OPTIONS] COMMAND") and done.stdout.endswith("torch: False\n")
    for command in ("race", "noise", "bench", "distribute", "export", "record"):
        assert f"Usage: python -m core {command} " in done.stdout


def test_every_offer_can_be_run_from_a_shell_with_its_settings():
    commands = app().commands
    assert set(commands) - {"bench", "export", "record", "runs"} == set(OFFERS) - {"parallel"} | {"distribute"}
    for name, offer in OFFERS.items():
        command = commands["distribute" if name == "parallel" else name]
        options = {option.name: option for option in command.params}
        assert set(offer.settings) <= set(options)
        assert len({flag for option in command.params for flag in option.opts}) == len(options)  # none means two things
        given = command.make_context(name, []).params
        assert {each: given[each] for each in offer.settings} == {
            each: SETTINGS[each].default for each in offer.settings
        }


def test_a_page_s_experiment_is_run_from_a_shell(run, text_file, tmp_path):
    small, out = ("--block-size=8", "--batch-size=2", "--max-tokens=1000", "--num-seeds=1"), tmp_path / "out.jsonl"
    done = run("orders", "--text-file", text_file, *small, "--jsonl", str(out))
    assert done.returncode == 0, done.stderr
    kinds = [json.loads(line)["kind"] for line in out.read_text().splitlines()]
    assert kinds[0] == "started" and len(kinds) > 3 and "progress" not in kinds
