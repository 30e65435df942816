"""What is written out plainly, for a lesson to take away, says what the app says of the same lesson."""

import ast
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from core.batches import WindowStream, all_windows, pack
from core.corpus import build_corpus, samples, split_documents
from core.engine import Training, train
from core.experiments.noise.run import run
from core.experiments.noise.spec import NoiseSpec
from core.experiments.orders.spec import OrdersSpec
from core.experiments.parallel.spec import ParallelSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.spec import StepCostSpec
from core.experiments.sweep.spec import SweepSpec
from core.export import export_notebook
from core.export.lesson import DocumentsSpec, LessonSpec
from core.export.plain import cost, gradients
from core.export.plain.race import final_losses
from core.measure.activations import activation_bytes
from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies import ParallelPlan, target_lengths
from core.strategies.accumulation import accumulated_gradient
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(4, 16), num_seeds=2, max_tokens=16 * 16 * 8, num_evals=3)
RACE = RaceSpec(text=samples()["kitchen"].text, block_size=16, n_layer=1, n_head=2, n_embd=16, train=PLAN)
torch.set_num_threads(1)  # steps this small are slower on two, the more so beside other tests
WORDS = ("lamp", "swarming", "mills", "lighthouses")
DOCUMENTS = split_documents(samples()["greetings"].text)[:12]


def run_notebook(own=None, race: RaceSpec = RACE, batch_size: int = 4, **more) -> dict:
    """All cells, one after the other; the values that cells end with must show themselves. Returns what is defined."""
    scope: dict = {}
    for cell in json.loads(export_notebook(LessonSpec(race=race, batch_size=batch_size, own=own, **more)))["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "cell", "exec"), scope)
            if last:
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)
                value.to_dict() if hasattr(value, "to_dict") else repr(value)
    return scope


@cache
def losses(race: RaceSpec, kind: str = "train") -> dict[tuple, float]:
    records = [record for record in train(*race.build(), race.train) if record["kind"] == kind]
    field = "loss" if kind == "train" else "val_loss"
    return {(r["batch_size"], r["seed"], r["step"]): r[field] for r in records}


@pytest.mark.parametrize("step", [1, 6])
def test_the_step_that_is_looked_at_is_the_apps(step):
    scope = run_notebook(step=step)
    assert scope["loss"].item() == pytest.approx(losses(RACE)[4, 0, step], rel=1e-4)
    corpus, _ = RACE.build()
    starts = WindowStream(num_tokens=len(corpus.train_ids), block_size=16).starts(first=4 * (step - 1), count=4)
    windows = all_windows(corpus.train_ids, 16)[starts]
    assert scope["batch"].x.tolist() == windows[:, :-1].tolist()
    assert scope["batch"].y.tolist() == windows[:, 1:].tolist()
    assert scope["losses_now"](scope["updated"])[0] < scope["losses_now"](scope["model"])[0]
    assert scope["losses_now"](scope["updated"])[1] == pytest.approx(losses(RACE)[4, 0, step + 1], rel=1e-4)


@pytest.mark.slow
def test_noise_at_weights_that_stand_still():
    race = replace(RACE, train=replace(PLAN, batch_sizes=(8,), first_seed=2))
    spec = NoiseSpec.of(race, steps=(0, 20), batch_sizes=(1, 8), num_batches=12)
    found = run_notebook(spec, race)["still"].set_index(["step", "batch_size"])
    messages = list(run(spec))
    spreads = [m for m in messages if m.kind == "noise"]
    assert len(spreads) == 8
    for m in spreads:
        assert found.loc[(m.step, m.batch_size), f"{m.quantity} noise"] == pytest.approx(m.sigma, rel=1e-3)
    (of_8,) = [m for m in messages if m.kind == "batch_gradients" and (m.step, m.batch_size) == (20, 8)]
    assert found.loc[(20, 8), "cosine with the truth"] == pytest.approx(of_8.cosines.mean(), rel=1e-3)


@pytest.mark.slow
def test_a_sweep():
    spec = SweepSpec(race=RACE, learning_rates=(1e-3, 1e-2))
    found = run_notebook(spec)["ends"].stack().rename("loss").reset_index()
    assert len(found) == 2 * 2 * 2
    for rate in spec.learning_rates:
        app = losses(replace(RACE, train=spec.plan_at(rate)), "eval")
        for row in found[found["learning_rate"] == rate].itertuples():
            last = max(step for b, seed, step in app if (b, seed) == (row.batch_size, row.seed))
            assert row.loss == pytest.approx(app[row.batch_size, row.seed, last], rel=1e-4)


def test_a_rate_that_diverges_leaves_a_gap_in_the_sweep():
    scope = run_notebook(SweepSpec(race=RACE, learning_rates=(1e-3, 1e3)))
    assert scope["ends"].isna().groupby("learning_rate").sum().sum(axis=1).to_dict() == {1e-3: 0, 1e3: 4}
    assert set(scope["valleys"]["learning_rate"]) == {1e-3}


@pytest.mark.slow
def test_orders():
    spec = OrdersSpec.of(replace(RACE, n_embd=32, train=replace(PLAN, batch_sizes=(8,))))
    found = run_notebook(spec)["ordered"]
    found = found[found["kind"] == "train"].set_index(["order", "batch_size", "seed", "step"])["loss"]
    for order in ("random", "shuffled", "sequential"):
        for key, loss in losses(replace(spec.race, train=spec.plan_at(order))).items():
            assert found[order, *key] == pytest.approx(loss, rel=1e-4)
    assert len(found) == 3 * 2 * 16


@pytest.mark.parametrize("targets", ["even", "uneven"])
def test_a_batch_in_parts_and_over_ranks(targets):
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=1, targets=targets)
    spec = ParallelSpec(race=RACE, plan=plan, num_ranks=3)
    scope = run_notebook(spec, batch_size=12, step=2)
    corpus, config = RACE.build()
    starts = WindowStream(num_tokens=len(corpus.train_ids), block_size=16).starts(first=12, count=12)
    windows = torch.from_numpy(all_windows(corpus.train_ids, 16)[starts].copy())
    lengths = torch.from_numpy(target_lengths(targets, 0, 12, 12, 16))
    training = Training(corpus.train_ids, corpus.val_ids, config, replace(PLAN, batch_sizes=(12,)))
    training.advance(12, 1)
    stack = ReplicaStack([training.model(12, seed=0)])
    _, expected = accumulated_gradient(stack, windows, lengths, 2)
    for gradient in (scope["whole"], scope["parts"], scope["average"]):
        assert gradient.norm().item() == pytest.approx(expected.norm().item(), rel=1e-4)
        assert (gradient - scope["whole"]).norm() < 1e-5 * scope["whole"].norm()
    own_means = sum(scope["own_means"]) / 6
    far = ((own_means - scope["whole"]).norm() / scope["whole"].norm()).item()
    assert (far < 1e-5) == (targets == "even")


def test_one_rank_alone_has_no_word_on_ranks():
    plan = ParallelPlan(micro_batch_size=2, accumulation_steps=2, num_steps=1, targets="even")
    book = export_notebook(LessonSpec(race=RACE, batch_size=4, own=ParallelSpec(race=RACE, plan=plan, num_ranks=1)))
    assert "The batch in parts" in book and "Over ranks" not in book


def test_a_gradient_is_the_one_that_backward_leaves():
    _, config = RACE.build()
    model = GPT(config, torch.Generator().manual_seed(1))
    windows = torch.randint(config.vocab_size, (3, 17))
    loss = gradients.loss_sum(model, windows, torch.tensor([16, 5, 1]))
    flat = gradients.flat_gradient(model, loss)
    gradients.loss_sum(model, windows, torch.tensor([16, 5, 1])).backward()
    assert torch.allclose(flat, torch.cat([p.grad.flatten() for p in model.parameters()]), atol=1e-6)


def test_what_backward_keeps_is_what_the_app_counts():
    _, config = RACE.build()
    model = GPT(config)
    windows = torch.randint(config.vocab_size, (5, 17))
    assert cost.kept_bytes(model, windows) == activation_bytes(ReplicaStack([GPT(config)]), windows[None])


def test_speed_at_every_batch_size():
    spec = StepCostSpec.by_doubling(replace(RACE, train=replace(PLAN, batch_sizes=(8,), num_seeds=1)), 10**8)
    found = run_notebook(spec)["speed"]
    assert found["batch_size"].tolist() == [1, 2, 4, 8]
    assert (found["milliseconds"] > 0).all() and found["kept bytes"].is_monotonic_increasing


@pytest.mark.parametrize("tokenizer", ["char", "byte", "bpe"])
@pytest.mark.parametrize("documents", [WORDS, DOCUMENTS], ids=["words", "greetings"])
@pytest.mark.slow
def test_documents_are_packed_as_in_the_app(documents, tokenizer):
    corpus = build_corpus("\n".join(documents), tokenizer, val_fraction=0)
    ids, V = tuple(corpus.tokenizer.encode(d) for d in documents), corpus.tokenizer.vocab_size
    config = GPTConfig(vocab_size=V, block_size=64, n_layer=1, n_head=2, n_embd=32)
    shown = tuple(corpus.tokenizer.show(i) for i in range(V))
    scope = run_notebook(DocumentsSpec(documents=ids, tokens=shown, gpt_config=config))
    for strategy, batch in scope["batches"].items():
        expected = pack(ids, 64, strategy)
        for name in ("ids", "y", "segments", "positions"):
            assert np.array_equal(getattr(batch, name), getattr(expected, name))
    apart = {
        kept: scope["difference_alone"](
            scope["model"], [ids[number] for number in scope["some"]], scope["few"], scope["device"], kept
        )
        for kept in (True, False)
    }
    assert apart[True] < 1e-4 < apart[False]


def test_a_lesson_says_which_chapter_is_its_own():
    spec = SweepSpec(race=RACE)
    said = "The chapter “A learning rate for each batch size” is of the lesson"
    for own in (spec, None):
        first = json.loads(export_notebook(LessonSpec(race=RACE, batch_size=4, own=own)))["cells"][0]
        assert (said in "".join(first["source"])) == (own is spec)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 1e3},  # all diverge at once
        {"batch_sizes": (16,), "max_tokens": 2 * 16 * 16, "num_seeds": 1},  # two steps have no noise to be measured
        {"batch_sizes": (1, 300), "max_tokens": 300 * 16},
    ],
    ids=["diverged", "short", "large"],
)
@pytest.mark.slow
def test_a_notebook_comes_to_its_end_whatever_becomes_of_its_runs(change):
    table = run_notebook(race=replace(RACE, train=replace(PLAN, **change)))["table"]
    assert ("diverged" in set(table["kind"])) == ("learning_rate" in change)


def test_a_run_that_diverged_has_no_loss_at_its_end():
    table = pd.DataFrame(
        {
            "batch_size": [4, 4, 4, 4, 4],
            "seed": [0, 0, 1, 1, 1],
            "kind": ["train", "eval", "eval", "train", "diverged"],
            "loss": [3.0, 2.5, 2.9, 8.0, 99.0],
        }
    )
    ends = final_losses(table, ["batch_size"])
    assert ends[0].tolist() == [2.5] and ends[1].isna().all()


@pytest.mark.parametrize("tokenizer", ["byte", "bpe"])
def test_a_notebook_shows_other_tokens_as_the_app_does(tokenizer):
    race = replace(RACE, tokenizer=tokenizer)
    scope = run_notebook(race=race)
    corpus, _ = race.build()
    assert scope["vocabulary"] == [corpus.tokenizer.show(i) for i in range(corpus.tokenizer.vocab_size)]
    assert scope["train_ids"].tolist() == corpus.train_ids.tolist()
