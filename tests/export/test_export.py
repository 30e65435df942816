"""What is taken away stands on its own, and trains the very runs that the app trains."""

import hashlib
import json
import os
import runpy
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import altair as alt
import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.__main__ import main
from core.batches import WindowStream, make_batch
from core.corpus import clean_text, decode_upload, samples
from core.engine import train
from core.experiments.race.spec import RaceSpec
from core.export import export_notebook, export_script, sources
from core.export.lesson import LessonSpec
from core.export.plain import settings
from core.export.plain.text import text_in, unpacked
from core.export.sources import packed_ids, text_literal
from core.training import TrainConfig

torch.set_num_threads(1)  # steps this small are slower on two, the more so beside other tests
ROOT = Path(__file__).parents[2]
PLAN = TrainConfig(batch_sizes=(4, 16), num_seeds=2, first_seed=3, max_tokens=16 * 16 * 20, num_evals=4, lr_rule="sqrt")
RACE = RaceSpec(text=samples()["kitchen"].text, block_size=16, n_layer=1, n_head=2, n_embd=16, train=PLAN)
WICKED = (
    "He said: \"It's 'quoted'\" \\ and \\n, '''thrice''' and \"\"\"thrice\"\"\", "
    "</script>, {braces}, %s, \N{HONEYBEE}, e\u0301, \0, \t.\n\u2028"
)
WICKED_TEXTS = [
    *(WICKED, WICKED * 40, "\r\n" + WICKED, " \n \n" + WICKED),
    *(
        "",
        "\n",
        "\n\nplain\n\n",
        "plain",
        " plain \n plain ",
        "plain\tplain",
        'plain "',
        "plain ''",
        "\u00a0",
        "é\u0301",
    ),
    *("x" * 1000, ("word " * 100 + "\n") * 3, "'" * 500, '""' + "x" * 300),
    "%%bash\n%timeit x\n!ls\n?help\nhelp?\nx??\n/f x\n,f a b\n;f a\n    %magic\n!!ls\na = !ls\n",
    *(">>> x\nhelp?", "In [1]: x\n   ...: y", "... and", "x" * 110 + ">>> y"),
]  # and lines that a notebook could take for commands


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """The Python of an environment that has torch, pandas, altair, a kernel for notebooks, what these need, and nothing
    of ours. Its packages are links to those that are installed here."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    (packages,) = folder.glob("lib/python*/site-packages")
    for path in files_of("torch", "pandas", "altair", "ipykernel"):
        (packages / path.name).symlink_to(path)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "ipykernel", "install", "--prefix", folder, "--name", "bare"], check=True, timeout=60)
    return python


def files_of(*names: str) -> set[Path]:
    """What these packages, and those that they need, have at the top of an environment: folders and modules."""
    needed, waiting = {}, list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in needed:
            needed[name] = distribution(name)
            wants = map(Requirement, needed[name].requires or [])
            waiting += [want.name for want in wants if not want.marker or want.marker.evaluate({"extra": ""})]
    assert "streamlit" not in needed
    tops = {(package.locate_file(""), file.parts[0]) for package in needed.values() for file in package.files}
    return {Path(folder) / top for folder, top in tops if top not in ("..", "__pycache__")}


def run(source: str, folder, *options: str, python=sys.executable) -> str:
    """Run it where neither this project nor its folder can be found."""
    (folder / "race.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [python, "-I", "-W", "error", "race.py", "--device", "cpu", *options],
        cwd=folder, capture_output=True, text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture
def run_here(monkeypatch, tmp_path, capsys):
    """`run_here(source, *options)` runs it in its folder too, but in this process: torch is there already, and of this
    project nothing can be had."""

    def run_script(source: str, *options: str) -> str:
        (tmp_path / "race.py").write_text(source, encoding="utf-8")
        with monkeypatch.context() as here, alt.data_transformers.enable("default"):  # and back to what was set
            here.chdir(tmp_path)
            here.setitem(sys.modules, "core", None)  # an import of it fails
            here.setattr(sys, "argv", ["race.py", "--device", "cpu", *options])
            runpy.run_path("race.py", run_name="__main__")
        return capsys.readouterr().out

    return run_script


@cache
def app_losses(race: RaceSpec) -> dict[tuple, float]:
    corpus, gpt_config = race.build()
    records = train(corpus, gpt_config, race.train)
    kinds = {"train": "loss", "eval": "val_loss"}
    return {(r["kind"], r["batch_size"], r["seed"], r["step"]): r[kinds[r["kind"]]] for r in records}


def assert_same(table: pd.DataFrame, race: RaceSpec) -> None:
    """Every loss, batch by batch, those of the validations too."""
    found = {(r.kind, r.batch_size, r.seed, r.step): r.loss for r in table.itertuples()}
    expected = app_losses(race)
    assert found.keys() == expected.keys() and len(found) > 200
    for key, loss in expected.items():
        assert found[key] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("change", [{}, {"tokenizer": "byte"}, {"tokenizer": "bpe"}], ids=["char", "byte", "bpe"])
@pytest.mark.slow
def test_the_script_has_the_losses_of_the_app_batch_by_batch(run_here, tmp_path, change):
    race = replace(RACE, **change)
    said = run_here(export_script(race))
    assert_same(pd.read_csv(tmp_path / "race.csv"), race)
    assert "validation" in said and "noise x sqrt(B)" in said
    assert "vega" in (tmp_path / "race.html").read_text()


def test_the_script_needs_torch_pandas_and_altair_only(tmp_path, bare_python):
    run(export_script(RACE), tmp_path, python=bare_python)
    assert_same(pd.read_csv(tmp_path / "race.csv"), RACE)


def test_the_notebook_runs_from_top_to_bottom_with_torch_pandas_and_altair_only(tmp_path, bare_python, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(bare_python.parents[1] / "share" / "jupyter"))
    book = nbformat.reads(export_notebook(LessonSpec(race=RACE, batch_size=4)), 4)
    last = nbformat.v4.new_code_cell(
        "table.to_csv('table.csv', index=False)\n"
        "drawn = [make_batch(train_ids, stream.starts(first=4 * k, count=4), block_size=T) for k in range(50)]\n"
        "print(np.array([[b.x, b.y] for b in [batch, *drawn]]).tolist())"
    )
    wicked = [nbformat.v4.new_code_cell(f"TEXT = {text_literal(text)}\nwicked.append(TEXT)") for text in WICKED_TEXTS]
    shown = nbformat.v4.new_code_cell("import json\nprint(json.dumps(wicked))")
    book.cells += [nbformat.v4.new_code_cell("wicked = []"), *wicked, shown, last]
    NotebookClient(book, timeout=120, kernel_name="bare", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [(cell.source, out) for cell in book.cells for out in cell.get("outputs", [])]
    assert not [source for source, out in outputs if out.output_type == "error" or out.get("name") == "stderr"]
    assert sum("vega" in out.get("data", {}).get("text/html", "") for _, out in outputs) == 4
    assert_same(pd.read_csv(tmp_path / "table.csv"), RACE)
    corpus, _ = RACE.build()
    stream = WindowStream(num_tokens=len(corpus.train_ids), block_size=16, seed=3)
    batches = [
        make_batch(corpus.train_ids, stream.starts(first=4 * k, count=4), block_size=16) for k in [0, *range(50)]
    ]
    assert json.loads(outputs[-2][1].text) == WICKED_TEXTS
    assert json.loads(outputs[-1][1].text) == [[batch.x.tolist(), batch.y.tolist()] for batch in batches]


def test_a_notebook_with_bpe_tokens_has_their_ids():
    race = replace(RACE, tokenizer="bpe")
    scope: dict = {}
    for cell in nbformat.reads(export_notebook(LessonSpec(race=race, batch_size=4)), 4).cells:
        if cell.source.startswith(
            ("import base64", "TOKENIZER = ", "TEXT = ", "def encode", "def unpacked", "if TEXT is None")
        ):
            exec(cell.source, scope)
    corpus, _ = race.build()
    assert scope["train_ids"].tolist() == corpus.train_ids.tolist() and len(scope["vocabulary"]) > 256


@pytest.mark.parametrize("text", [WICKED * 40, RACE.text * 40], ids=["wicked", "long"])
def test_the_notebook_carries_the_text_or_its_hash(text):
    book = nbformat.reads(export_notebook(LessonSpec(race=replace(RACE, text=text), batch_size=4)), 4)
    scope: dict = {}
    exec(next(cell.source for cell in book.cells if cell.source.startswith("TEXT = ")), scope)
    assert scope["TEXT"] == (text if len(text.encode()) <= 200_000 else None)
    assert scope["TEXT_SHA256"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_notebook_that_ships_is_the_one_that_the_exporter_makes():
    """If this fails after a change of batches, model or training, make it anew with the command in the README."""
    plan = TrainConfig(batch_sizes=(4, 16, 64), num_seeds=2, max_tokens=60_000)
    text, _ = clean_text((ROOT / "data" / "bees.txt").read_text(encoding="utf-8"))
    made = export_notebook(LessonSpec(race=RaceSpec(text=text, train=plan), batch_size=4))
    assert made == (ROOT / "data" / "race.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("order", ["shuffled", "sequential"])
def test_other_orders_read_the_same_windows_too(run_here, tmp_path, order):
    race = replace(RACE, train=replace(PLAN, order=order, batch_sizes=(16,), num_seeds=1))
    run_here(export_script(race))
    table = pd.read_csv(tmp_path / "race.csv").set_index(["kind", "batch_size", "seed", "step"])["loss"]
    for key, loss in app_losses(race).items():
        assert table[key] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("text", WICKED_TEXTS)
def test_a_wicked_text_survives_to_the_last_byte(text):
    scope: dict = {}
    exec(f"TEXT = {text_literal(text)}", scope)
    assert scope["TEXT"] == text


def test_a_wicked_text_can_be_raced(run_here, tmp_path):
    race = replace(RACE, text=WICKED * 40, train=replace(PLAN, max_tokens=16 * 16 * 2, num_evals=1))
    run_here(export_script(race))
    first = pd.read_csv(tmp_path / "race.csv").query("kind == 'train'")["loss"].iloc[0]
    assert first == pytest.approx(app_losses(race)["train", 4, 3, 1], rel=1e-4)


def test_a_long_text_is_asked_for_and_known_by_its_hash(run_here, tmp_path):
    text = RACE.text * 40
    race = replace(RACE, text=text, train=replace(PLAN, max_tokens=16 * 16 * 2, num_evals=1))
    source = export_script(race)
    assert "Madame Oblonsky" not in source
    assert "\n" in text
    as_windows_has_it = "\ufeff" + text.replace("\n", "\r\n")
    (tmp_path / "mine.txt").write_text(as_windows_has_it, encoding="utf-8", newline="")
    run_here(source, "--text-file", "mine.txt")
    (tmp_path / "other.txt").write_text(text + ".", encoding="utf-8", newline="")
    for options, sentence in (([], "too long to stand here"), (["--text-file", "other.txt"], "another text")):
        with pytest.raises(SystemExit, match=sentence):
            run_here(source, *options)


@pytest.mark.parametrize(
    "data",
    [b"one\ntwo", b"one\r\ntwo", b"one\rtwo", b"\xef\xbb\xbfone\r\ntwo", "one\r\ntwo".encode("utf-16")],
)
def test_a_file_is_read_as_the_app_reads_it(data):
    assert text_in(data) == "one\ntwo" == clean_text(decode_upload(data))[0]


def test_a_file_that_is_no_text_is_another_text():
    assert text_in(b"one\xff") == "one\ufffd"


def test_packed_ids_come_back_as_they_were():
    ids = np.array([0, 65_535, 65_536, 1_114_111])  # the last of Unicode's characters
    assert np.array_equal(unpacked(packed_ids(ids)), ids)


def test_a_run_that_diverges_ends_where_it_does_in_the_app(run_here, tmp_path):
    race = replace(RACE, train=replace(PLAN, learning_rate=1e3, batch_sizes=(4,), num_seeds=1))
    run_here(export_script(race))
    table = pd.read_csv(tmp_path / "race.csv")
    (gone,) = [r for r in train(*race.build(), race.train) if r["kind"] == "diverged"]
    assert table["kind"].iloc[-1] == "diverged" and table["step"].iloc[-1] == gone["step"] - 1


def test_it_says_what_was_set():
    source = export_script(RACE)
    for said in ("'learning_rate': 0.0015", "SEEDS = [3, 4]", "TOKENIZER = 'char'", "n_embd=16", "source: ", "nanoGPT"):
        assert said in source
    assert "from core" not in source and "import core" not in source


@pytest.mark.slow
def test_bpe_tokens_of_a_long_text_go_along_unless_they_are_too_many(run_here, tmp_path, monkeypatch):
    race = replace(RACE, tokenizer="bpe", text=RACE.text * 40, train=replace(PLAN, max_tokens=16 * 16 * 2, num_evals=1))
    (tmp_path / "text.txt").write_text(race.text, encoding="utf-8", newline="")
    run_here(export_script(race))
    first = pd.read_csv(tmp_path / "race.csv").query("kind == 'train'")["loss"].iloc[0]
    assert first == pytest.approx(app_losses(race)["train", 4, 3, 1], rel=1e-4)
    monkeypatch.setattr(sources, "MAX_PACKED", 1_000)
    with pytest.raises(ValueError, match="too many to be written into a file"):
        export_script(race)


def test_a_script_sets_every_name_that_its_program_reads():
    names = {name for name in vars(settings) if name.isupper()}
    assert "RUNS" in names and names <= {line.split(" = ")[0] for line in export_script(RACE).splitlines()}


def test_the_command_writes_a_script(tmp_path, monkeypatch):
    text, out = tmp_path / "text.txt", tmp_path / "mine.py"
    text.write_text(RACE.text, encoding="utf-8")
    command = ["core", "export", "--text-file", text, "--script", out, "--max-tokens", "9000"]
    monkeypatch.setattr(sys, "argv", list(map(str, command)))
    assert main() == 0
    compile(out.read_text(encoding="utf-8"), "mine.py", "exec")
    assert "python mine.py" in out.read_text(encoding="utf-8")
