"""`python -m core runs`: experiments are kept, listed, shown, exported and compared from a shell."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from from_messages import results_of
from kept_experiments import keep, recording_of

from core.experiments.beside import settings_of, settings_that_differ
from core.experiments.messages import to_dict
from core.experiments.race.messages import Diverged, Validation
from core.experiments.race.pairs import differences, why_apart, why_unpaired
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import KINDS, to_json
from core.lab.store import Status, Store
from core.measure.comparison import difference_of, unpaired_difference_of
from core.training import TrainConfig

SMALL = ("--block-size=8", "--n-layer=1", "--n-head=1", "--n-embd=8", "--device=cpu", "--source=bees")
RACE = ("race", *SMALL, "--batch-sizes=2,8", "--num-seeds=2", "--max-tokens=1280")


@pytest.fixture(autouse=True)
def url(monkeypatch, tmp_path) -> str:
    """Of a database of its own."""
    url = f"sqlite:///{tmp_path}/kept.db"
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", url)
    return url


@pytest.fixture
def store(url):
    made = Store(url)
    yield made
    made.close()


def kept_id(run, *args: str) -> str:
    """The id of the experiment that a command has kept."""
    code, out, err = run(*args, "--keep")
    assert code == 0 and out and err.startswith("batchscope: It is kept as ") and err.endswith(".\n"), err
    return err.split()[-1].rstrip(".")


# ---- a walk


def test_a_race_is_kept_listed_shown_and_exported(run, store, tmp_path):
    race_id = kept_id(run, *RACE)
    code, listed, _ = run("runs", "list")
    assert code == 0 and [line.split()[0] for line in listed.splitlines()] == ["id", race_id]
    assert "race" in listed and "done" in listed and "bees" in listed
    code, shown, _ = run("runs", "show", race_id)
    assert code == 0 and f"race {race_id}: done." in shown
    assert "train.batch_sizes           [2, 8]\n" in shown and "val_loss_at_equal_tokens, batch_size 8" in shown
    assert store.experiment(race_id).text not in shown
    for format in ("csv", "parquet", "json"):
        out = tmp_path / f"race.{format}" if format == "csv" else tmp_path / format / f"race.{format}"
        out.parent.mkdir(exist_ok=True)
        assert run("runs", "export", race_id, "--format", format, "--out", str(out)) == (0, "", "")
    table = pd.read_csv(tmp_path / "race.csv")
    assert list(table.columns) == [column.name for column in KINDS["race"].tables.columns]
    assert len(table) == 2 * (1 + 80 + 1 + 20) and table["loss"].notna().sum() == 2 * (80 + 20)
    assert (tmp_path / "race.columns.csv").exists() and len(pd.read_parquet(tmp_path / "parquet/race.parquet")) == len(
        table
    )
    found = json.loads((tmp_path / "json/race.json").read_text())
    assert found["experiment"] == {"id": race_id, "status": "done", "sentence": "", "kind": "race"}
    assert found["device"] == "cpu" and found["versions"]["torch"] == torch.__version__


def test_the_lines_of_a_race_are_the_same_where_it_is_kept(run):
    once, again = run(*RACE)[1].splitlines(), run(*RACE, "--keep")[1].splitlines()
    records = [[line for line in lines if json.loads(line)["kind"] != "summary"] for lines in (once, again)]
    assert records[0] == records[1] and len(records[0]) > 200


@pytest.mark.parametrize(
    "args",
    [
        ("noise", "--steps=0", "--batch-sizes=1,4", "--num-batches=5"),
        ("sweep", "--batch-sizes=8", "--learning-rates=0.001,0.01", "--max-tokens=1000", "--num-seeds=1"),
    ],
)
def test_other_kinds_are_kept_too(run, store, args):
    experiment = store.experiment(kept_id(run, *args, *SMALL))
    assert experiment.status == Status.DONE and json.loads(experiment.settings)["kind"] == args[0]
    assert store.read(experiment.id)[0][0]["kind"] == "started"


@pytest.mark.slow
def test_orders_are_kept_too(run, store):
    small = ("--block-size=8", "--batch-size=8", "--max-tokens=1000", "--num-seeds=1", "--device=cpu", "--source=bees")
    assert store.status(kept_id(run, "orders", *small)) == (Status.DONE, "")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_shown_and_listed(run, store, kind):
    experiment_id = keep(store, kind)
    assert f"{experiment_id}  " in run("runs", "list")[1]
    code, shown, err = run("runs", "show", experiment_id)
    assert (code, err) == (0, "")
    for figure in KINDS[kind].tables.figures(results_of(recording_of(kind).spec, recording_of(kind).messages)):
        assert figure.name in shown


def test_the_newest_is_listed_first_and_nothing_is_a_sentence(run, store):
    assert run("runs", "list") == (0, "Nothing is kept here yet.\n", "")
    ids = [keep(store, kind) for kind in ("draws", "noise")]
    assert [line.split()[0] for line in run("runs", "list")[1].splitlines()[1:]] == ids[::-1]


def test_one_of_a_kind_that_is_not_known_any_more_is_listed(run, store):
    old = store.create('{"kind": "former"}', "text")
    assert f"{old}  " in run("runs", "list")[1]
    assert run("runs", "show", old) == (2, "", "batchscope: There is no experiment of the kind 'former'.\n")


# ---- mistakes


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("show", "nosuch"), "There is no experiment “nosuch” here: “runs list” shows those that are kept."),
        (("show",), "Missing argument 'ID'."),
        (("export", "nosuch", "--format=csv", "--out=x.csv"), "There is no experiment “nosuch” here"),
        (("export", "nosuch", "--format=xls", "--out=x.xls"), "Invalid value for '--format': 'xls' is not one of"),
        (("export", "nosuch", "--format=csv"), "Missing option '--out'."),
        (("export", "nosuch", "--format=csv", "--out=/nowhere/x.csv"), "there is no folder “/nowhere”."),
        (("export", "nosuch", "--format=csv", "--out=-"), "it is the name of a file."),
        (("compare",), "Give the ids of two or more."),
        (("compare", "a", "a"), "Give the ids of two or more."),
        (("compare", "a", "b"), "There is no experiment “a” here"),
        (("fly",), "No such command 'fly'."),
        ((), "Missing command."),
    ],
)
def test_a_mistake_gets_one_sentence(run, args, sentence, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("runs", *args)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and sentence in err, err
    assert not list(tmp_path.glob("x*"))


def test_a_file_that_is_there_is_left_as_it_is(run, store, tmp_path):
    out, experiment_id = tmp_path / "there.csv", keep(store, "draws")
    out.write_text("kept")
    code, _, err = run("runs", "export", experiment_id, "--format=csv", "--out", str(out))
    assert code == 2 and "there.csv” exists, and is left as it is" in err and out.read_text() == "kept"


@pytest.mark.parametrize(
    "args", [("runs", "list"), ("runs", "show", "x"), ("runs", "compare", "a", "b"), (*RACE, "--keep")]
)
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:////no/such/folder/x.db", "Check its folder and rights."),
        ("nonsense", "is not the address of a database"),
    ],
)
def test_a_database_that_is_away_gets_one_sentence(run, monkeypatch, args, url, sentence):
    monkeypatch.setenv("BATCHSCOPE_DATABASE_URL", url)
    code, out, err = run(*args)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and sentence in err, err


def test_a_setting_that_is_refused_keeps_nothing(run, store):
    assert run(*RACE, "--n-head=3", "--keep")[0] == 2
    assert store.recent() == []


# ---- two races


TEXT = "To be or not to be, that is the question. " * 40
SPEC = RaceSpec(text=TEXT, block_size=8, train=TrainConfig(batch_sizes=(4, 16), num_seeds=2, max_tokens=4 * 8 * 100))


def race(spec: RaceSpec = SPEC, *more: Diverged, by: tuple[float, float] = (0.0, 0.0), steps: int = 100) -> list[dict]:
    """A race whose validation losses end at 2 and 3, and by so much more."""
    messages = [
        Validation(batch_size=b, step=step // (b // 4), losses=losses)
        for b in spec.train.batch_sizes
        for step, losses in ((0, (4.0, 4.0)), (steps, (2 + by[0], 3 + by[1])))
    ]
    return [to_dict(each) for each in (*messages, *more)]


def kept_race(store: Store, spec: RaceSpec = SPEC, **options) -> str:
    race_id = store.create(to_json(spec), spec.text)
    store.append(race_id, race(spec, **options))
    store.set_status(race_id, Status.DONE)
    return race_id


def with_plan(**plan) -> RaceSpec:
    return replace(SPEC, train=replace(SPEC.train, **plan))


def test_races_of_equal_seeds_and_examples_are_paired():
    other = with_plan(learning_rate=0.01)
    found = differences(results_of(other, race(other, by=(0.1, 0.3))), results_of(SPEC, race()))
    assert [(each.batch_size, each.tokens, each.paired) for each in found] == [(4, 3200, True), (16, 3200, True)]
    assert found[0].estimate == difference_of(np.array([2.1, 3.3]), np.array([2.0, 3.0]))


@pytest.mark.parametrize("plan", [{"first_seed": 7}, {"num_seeds": 2, "order": "shuffled"}])
def test_races_of_other_seeds_or_examples_are_not_paired(plan):
    other = with_plan(**plan)
    (found, _) = differences(results_of(other, race(other, by=(0.1, 0.3))), results_of(SPEC, race()))
    assert not found.paired and found.estimate == unpaired_difference_of(np.array([2.1, 3.3]), np.array([2.0, 3.0]))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (replace(SPEC, text=TEXT + "More."), "texts"),
        (replace(SPEC, tokenizer="byte", block_size=4), "tokenizers, block sizes"),
        (with_plan(eval_windows=9), "validation windows"),
    ],
)
def test_losses_on_other_validation_windows_are_not_compared(other, why):
    assert why_apart(other, SPEC) == why and differences(results_of(other, race(other)), results_of(SPEC, race())) == []


def test_an_excerpt_is_the_text_that_counts():
    assert why_apart(replace(SPEC, excerpt=20, text="abc" * 10), replace(SPEC, text=("abc" * 10)[:20])) == ""


def test_a_longer_race_is_compared_at_what_both_have_read():
    longer = with_plan(max_tokens=4 * 8 * 200)
    (found, _) = differences(results_of(longer, race(longer, steps=200)), results_of(SPEC, race()))
    assert found.tokens == 3200 and found.estimate.value == pytest.approx(((3.0 - 2) + (3.5 - 3)) / 2)
    assert why_unpaired(longer, SPEC) == ""


def test_a_batch_size_at_which_a_run_diverged_is_left_out():
    gone = Diverged(batch_size=4, seed=0, step=9)
    (found,) = differences(results_of(SPEC, race(SPEC, gone)), results_of(SPEC, race()))
    assert found.batch_size == 16


def test_two_races_are_compared_from_a_shell(run, store):
    first, second = kept_race(store), kept_race(store, with_plan(learning_rate=0.01), by=(0.5, 0.5))
    third = kept_race(store, with_plan(first_seed=7))
    code, out, err = run("runs", "compare", first, second, third)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].split() == [first, second, third]
    assert lines[2].split() == ["train.first_seed", "0", "0", "7"]
    assert lines[3].split() == ["train.learning_rate", "0.003", "0.01", "0.003"] and lines[4] == ""
    assert f"{second} minus {first}, nats per token (paired: equal seeds that read the same examples)" in out
    assert "B = 4, after 3,200 tokens   0.5 (0.5 to 0.5)  resolved" in out
    assert f"{third} minus {first}, nats per token (unpaired, for the two differ in their seeds)" in out


def test_races_on_other_texts_are_said_not_to_be_comparable(run, store):
    first, second = kept_race(store), kept_race(store, replace(SPEC, text=TEXT + "More."))
    _, out, _ = run("runs", "compare", first, second)
    assert "not comparable, for they differ in their texts." in out


def test_experiments_of_two_kinds_are_compared_by_settings_and_results(run, store):
    code, out, _ = run("runs", "compare", keep(store, "noise"), keep(store, "draws"))
    assert code == 0 and "kind " in out and "mean_percent" in out and "nats per token" not in out


def test_equal_experiments_differ_in_nothing(run, store):
    _, out, _ = run("runs", "compare", kept_race(store), kept_race(store))
    assert out.startswith("Settings that differ\n  none\n")


def test_a_race_s_settings_have_one_name_in_every_kind():
    race_names = set(settings_of(recording_of("race").spec))
    assert {"kind", "train.learning_rate", "block_size", "text"} <= race_names
    assert all(race_names <= set(settings_of(recording_of(kind).spec)) for kind in KINDS)
    differ = settings_that_differ([recording_of("noise").spec, recording_of("race").spec])
    assert differ["kind"] == ["noise", "race"] and differ["num_batches"][1] is None
