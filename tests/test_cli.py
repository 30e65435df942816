"""`python -m core` as another program uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = ["--batch-sizes=2,8", "--num-seeds=2", "--max-tokens=2560", "--block-size=8"]
SMALL += ["--n-layer=1", "--n-head=2", "--n-embd=16"]
AT = {"kind", "batch_size", "seed"}


def run(*args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "core", *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def text_file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("cli") / "text.txt"
    path.write_text("To be or not to be, that is the question.\n" * 40, encoding="utf-8")
    return str(path)


def race(text_file: str, out: Path) -> list[dict]:
    done = run("race", "--text-file", text_file, *SMALL, "--device", "cpu", "--jsonl", str(out))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_a_race_writes_its_records_twice_the_same(text_file, tmp_path):
    records, again = race(text_file, tmp_path / "one.jsonl"), race(text_file, tmp_path / "two.jsonl")
    by_kind = {r["kind"]: r for r in records}
    assert set(by_kind["train"]) == AT | {"step", "tokens_seen", "loss"}
    assert set(by_kind["eval"]) == AT | {"step", "tokens_seen", "val_loss"}
    assert set(by_kind["summary"]) == AT | {"steps", "final_val_loss", "loss_noise", "tokens_per_second"}
    assert sum(r["kind"] == "summary" for r in records) == 4
    assert sum(r["kind"] == "train" for r in records) == 2 * (160 + 40)
    assert [r for r in records if r["kind"] != "summary"] == [r for r in again if r["kind"] != "summary"]


@pytest.mark.parametrize(
    "content, sentence",
    [(b"", "empty"), (b"\x89PNG\r\n\x1a\n\x00", "not a text"), (b"\xff\xfe\xfa", ""), (b"aaaaaaaaa", "repeats one")],
)
def test_a_file_that_cannot_serve_gets_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    done = run("race", "--text-file", str(path), *SMALL)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and sentence in done.stderr


def test_a_file_that_is_not_there_gets_one_sentence():
    done = run("race", "--text-file", "nowhere.txt")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


def test_help_names_the_commands():
    done = run("--help")
    assert done.returncode == 0 and "race" in done.stdout and "record" in done.stdout
