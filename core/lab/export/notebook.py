"""A race as a notebook that reads as a lesson: the text, its windows, the model, one step, the race, what it costs; and
a chapter of the lesson that it is taken from."""

import nbformat

from core.lab.experiments import LessonSpec
from core.lab.export.chapters import Cell, chapter_of, code
from core.lab.export.sources import IDEAS, literal, race_source

IMPORTS = """import base64
import hashlib
import math
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import Embedding, LayerNorm, Linear
from torch.nn import functional as F

device = "cuda" if torch.cuda.is_available() else "cpu"
device"""

OPENING = """# A race between batch sizes

Small GPTs learn the same text from the same examples and the same first weights. Only the batch size differs: how many
windows a model reads before it changes its weights once. What does that do to the loss curve, and to the time?

Taken from Batchscope, source {version}. It needs torch, pandas and altair, as Colab has them, and uses a GPU
where there is one. Run the cells from top to bottom.{chapter}

{ideas}"""

ENCODE = """if TEXT is None:  # it is too long to stand here: put it beside this notebook, as text.txt
    with open("text.txt", encoding="utf-8", newline="") as file:
        TEXT = file.read()
assert hashlib.sha256(TEXT.encode()).hexdigest() == TEXT_SHA256, "That is another text than the race's."

ids, vocabulary = encode(TEXT, TOKENIZER, TOKENS, IDS)
held_out_from = int(len(ids) * (1 - VAL_FRACTION))
train_ids, val_ids = ids[:held_out_from], ids[held_out_from:]
print(f"{len(ids):,} tokens, {len(vocabulary)} different ones")
print(f"{len(train_ids):,} to train on, {len(val_ids):,} held out")"""

FREQUENT = """counts = pd.Series(train_ids).map(lambda i: repr(vocabulary[i])).value_counts().head(12)
counts.rename_axis("token").rename("times").to_frame().T"""

BATCH = """B, T = RUN["batch_size"], GPT_CONFIG.block_size
stream = WindowStream(num_tokens=len(train_ids), block_size=T, order=PLAN["order"], seed=SEEDS[0])
batch = make_batch(train_ids, stream.starts(first=(STEP - 1) * B, count=B), block_size=T)


def shown(row: np.ndarray) -> str:
    return "".join(vocabulary[i] for i in row).replace(" ", "·").replace("\\n", "⏎")


print("x", batch.x.shape, "y", batch.y.shape)
rows = {"x": [shown(row) for row in batch.x], "y": [shown(row) for row in batch.y]}
pd.DataFrame(rows, index=pd.Index(batch.starts, name="begins at"))"""

ONE_ROW = """rows = [(shown(batch.x[0, : t + 1]), shown(batch.y[0, t : t + 1])) for t in range(min(T, 8))]
pd.DataFrame(rows, columns=["when the model has read", "it should say"])"""

SHAPES = """model = GPT(GPT_CONFIG, torch.Generator().manual_seed(SEEDS[0])).to(device)
names = {module: name for name, module in model.named_modules() if not list(module.children())}
seen = []


def note(module: nn.Module, _, out: Tensor) -> None:
    seen.append((names[module], type(module).__name__, tuple(out.shape)))


hooks = [module.register_forward_hook(note) for module in names]
logits = model(torch.from_numpy(batch.x).to(device))
for hook in hooks:
    hook.remove()
print(f"{GPT_CONFIG.num_parameters:,} weights")
print(f"logits {tuple(logits.shape)}: at each of B x T places, a number for each token")
pd.DataFrame(seen, columns=["part", "kind", "shape of what comes out"])"""

WALK = """text_windows = all_windows(torch.from_numpy(train_ids).to(device), T)  # (N - T, T + 1)


def windows_of(step: int) -> Tensor:
    \"\"\"The batch of a step, (B, T + 1).\"\"\"
    starts = stream.starts(first=(step - 1) * B, count=B)
    return text_windows[torch.from_numpy(starts).to(device)]


def run_before(step: int) -> tuple[GPT, torch.optim.Optimizer]:
    \"\"\"The model, and its optimizer, when all steps before this one are taken.\"\"\"
    model = GPT(GPT_CONFIG, torch.Generator().manual_seed(SEEDS[0])).to(device)
    optimizer = new_optimizer(model, PLAN, RUN)
    for earlier in range(1, step):
        train_step(model, optimizer, windows_of(earlier), PLAN)
    return model, optimizer"""

LOSS = """model, optimizer = run_before(STEP)
loss = loss_of(model, windows_of(STEP))
guess = math.log(GPT_CONFIG.vocab_size)
print(f"loss {loss.item():.3f} nats per token; a uniform guess gets ln {GPT_CONFIG.vocab_size} = {guess:.3f}")"""

GRADIENT = """model.zero_grad()
loss.backward()
norms = {name: p.grad.norm().item() for name, p in model.named_parameters()}
whole = math.sqrt(sum(norm**2 for norm in norms.values()))
print(f"length of the gradient: {whole:.3f}")
pd.Series(norms, name="length of the gradient").sort_values(ascending=False).head(8).to_frame()"""

UPDATE = """if PLAN["grad_clip"]:
    torch.nn.utils.clip_grad_norm_(model.parameters(), PLAN["grad_clip"])
with torch.no_grad():
    before = [loss_of(model, windows_of(step)).item() for step in (STEP, STEP + 1)]
    optimizer.step()
    after = [loss_of(model, windows_of(step)).item() for step in (STEP, STEP + 1)]
pd.DataFrame({"before": before, "after": after}, index=["this batch", "the next batch"]).round(4)"""

RACE = """records = []
for run in RUNS:
    for seed in SEEDS:
        records += train_run(GPT_CONFIG, PLAN, run, seed, train_ids, val_ids, device)
    print(f"B = {run['batch_size']}: {len(SEEDS)} runs of {run['num_steps']:,} steps")
table = pd.DataFrame(records)
table.groupby(["kind", "batch_size"]).size().unstack()"""

STEP_TIME = """sizes = [run["batch_size"] for run in RUNS]
seconds = {run["batch_size"]: step_seconds(GPT_CONFIG, PLAN, run, train_ids, device) for run in RUNS}
model = GPT(GPT_CONFIG).to(device)
cost = pd.DataFrame({"batch_size": sizes, "milliseconds": [1e3 * seconds[b] for b in sizes]})
cost["tokens a second"] = [b * T / seconds[b] for b in sizes]
cost["kept bytes"] = [kept_bytes(model, text_windows[torch.arange(b) % len(text_windows)]) for b in sizes]
cost.round(2)"""

CHARTS = """alt.data_transformers.disable_max_rows()


def color_of(batch_sizes: list[int]) -> alt.Color:
    scale = alt.Scale(type="log", domain=[4**k for k in range(7)], range=RAMP, clamp=True)
    legend = alt.Legend(type="symbol", values=sorted(batch_sizes), symbolStrokeWidth=4)
    return alt.Color("batch_size:Q", title="batch size", scale=scale, legend=legend)


def against_batch_size(table: pd.DataFrame, column: str, title: str, power: float | None = None) -> alt.LayerChart:
    \"\"\"A point for each batch size, on two logarithmic axes; dashed, B to that power from the first point on.\"\"\"
    axis = alt.Axis(values=table["batch_size"].tolist(), labelOverlap=True)
    number = "~s" if table[column].max() > 1000 else "~g"
    x = alt.X("batch_size:Q", title="batch size", scale=alt.Scale(type="log", base=2), axis=axis)
    y = alt.Y(f"{column}:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format=number))
    color = color_of(table["batch_size"].tolist()).legend(None)
    chart = alt.layer(alt.Chart(table).mark_point(size=90, filled=True, opacity=1).encode(x=x, y=y, color=color))
    if power is not None:
        first = table.iloc[0]
        line = table[["batch_size"]].assign(
            **{column: first[column] * (table["batch_size"] / first["batch_size"]) ** power}
        )
        chart = alt.Chart(line).mark_line(strokeDash=[4, 4], color="gray").encode(x=x, y=y) + chart
    return chart.properties(width=260, height=240)"""

COST_CHART = """alt.hconcat(
    against_batch_size(cost, "milliseconds", "a step (ms)"),
    against_batch_size(cost, "tokens a second", "tokens a second"),
)"""

CURVES = """def curves(kind: str, title: str, axis: str) -> alt.Chart:
    \"\"\"The mean of the seeds against steps, tokens seen or seconds of one run alone.\"\"\"
    mine = table[table["kind"] == kind].groupby(["batch_size", "step"], as_index=False)["loss"].mean()
    mine["tokens"] = mine["step"] * mine["batch_size"] * T
    mine["seconds"] = mine["step"] * mine["batch_size"].map(seconds)
    mine = pd.concat(each.iloc[:: max(1, len(each) // 300)] for _, each in mine.groupby("batch_size"))
    y = alt.Y("loss:Q", title=f"{title} loss (nats per token)", scale=alt.Scale(zero=False))
    x = alt.X(f"{axis}:Q", axis=alt.Axis(format="~s", tickCount=4))
    lines = alt.Chart(mine).mark_line().encode(x=x, y=y, color=color_of(sizes), detail="batch_size:N")
    return lines.properties(width=230, height=260)


alt.hconcat(*(curves("train", "training", axis) for axis in ("step", "tokens", "seconds")))"""

VALIDATION = """alt.hconcat(*(curves("eval", "validation", axis) for axis in ("step", "tokens", "seconds")))"""

NOISE = """steps = table[table["kind"] == "train"]
noise = pd.DataFrame(
    [(b, loss_noise(run["loss"].to_numpy())) for (b, _), run in steps.groupby(["batch_size", "seed"])],
    columns=["batch_size", "noise"],
).dropna().groupby("batch_size", as_index=False).mean()
noise["noise x sqrt(B)"] = noise["noise"] * np.sqrt(noise["batch_size"])
against_batch_size(noise, "noise", "loss noise (nats)", power=-0.5)"""

NOISE_TABLE = """noise.round(3)"""

TRY = """run = RUNS[0] | {"learning_rate": 4 * RUNS[0]["learning_rate"]}
faster = pd.DataFrame(train_run(GPT_CONFIG, PLAN, run, SEEDS[0], train_ids, val_ids, device))
ends = table[(table["kind"] == "eval") & (table["batch_size"] == run["batch_size"]) & (table["seed"] == SEEDS[0])]
usual, now = ends["loss"].iloc[-1], faster[faster["kind"] == "eval"]["loss"].iloc[-1]
print(f"validation loss at the end: {usual:.3f} at the usual rate, {now:.3f} at four times that")"""


def export_notebook(spec: LessonSpec) -> str:
    """The lesson as a notebook, in the form that is kept in a file. Raises ValueError as `race_source`."""
    found = race_source(spec.race)
    plan = spec.race.train
    chapter = chapter_of(spec.own, spec.step)
    run = {"batch_size": spec.batch_size, "learning_rate": plan.learning_rate_at(spec.batch_size)}
    run["betas"] = list(plan.betas_at(spec.batch_size))
    cells = [
        ("markdown", OPENING.format(version=found.version, ideas=IDEAS, chapter=told(chapter))),
        ("code", IMPORTS),
        ("markdown", "## What was set\n\nA run for each batch size and seed, all on the same budget of tokens."),
        ("code", found.settings),
        ("markdown", "## The text and its vocabulary\n\nA model reads numbers. Each token of the text gets one."),
        ("code", found.text),
        *code(found.encode),
        ("code", ENCODE),
        ("code", FREQUENT),
        (
            "markdown",
            "## Windows\n\nA window is T + 1 tokens in a row. The first T are **x**, what the model reads; the last T "
            "are **y**, what it should say: y is x one token on. So one window asks T questions at once.",
        ),
        *code(found.batches),
        ("markdown", "## The model\n\nA small GPT, with the names of nanoGPT."),
        *code(found.model),
        ("code", found.gpt_config),
        (
            "markdown",
            "## A batch: x and y\n\nB windows make a batch; this is the batch of one step. A middle dot is a space, ⏎ "
            "a new line.",
        ),
        ("code", f"RUN = {literal(run)}\nSTEP = {spec.step}"),
        ("code", BATCH),
        ("markdown", "One row, unrolled: what the model has read, and what it should say next."),
        ("code", ONE_ROW),
        ("markdown", "## Shapes through the model\n\nWhat comes out of each part. Which sizes are B, which are T?"),
        ("code", SHAPES),
        (
            "markdown",
            "## One step, stage by stage\n\nAll of a step in three functions. Then the step of the batch above: those "
            "before it are taken first.",
        ),
        *code(found.step),
        ("code", WALK),
        ("markdown", "**The loss**: how surprised the model is, on average, by the right token."),
        ("code", LOSS),
        ("markdown", "**The gradient**: for every weight, which way the loss grows, from all B x T questions at once."),
        ("code", GRADIENT),
        (
            "markdown",
            "**The update**: every weight goes a little the other way. It was made for this batch. Does it help the "
            "next one?",
        ),
        ("code", UPDATE),
        (
            "markdown",
            "## The race\n\nThe same seed means the same first weights and the same stream of windows, whatever the "
            "batch size.",
        ),
        *code(found.run),
        ("code", RACE),
        ("markdown", "## What a step costs\n\nA larger batch takes longer, but not in proportion."),
        *code(found.cost),
        ("code", STEP_TIME),
        ("code", CHARTS),
        ("code", COST_CHART),
        (
            "markdown",
            "## The same race on three axes\n\nPer step, per token, per second: they need not agree. Look at who leads "
            "on each of them.",
        ),
        ("code", CURVES),
        ("markdown", "And on text that no run has trained on:"),
        ("code", VALIDATION),
        (
            "markdown",
            "## The noise\n\nHow far the loss jumps from step to step. If windows are independent, it falls as "
            "$B^{-1/2}$, the dashed line: four times the batch, half the noise. Smooth is not better: compare the "
            "validation loss above.",
        ),
        ("code", NOISE),
        ("code", NOISE_TABLE),
        *chapter,
        (
            "markdown",
            "## Change this and run again\n\n"
            "- **The learning rate**, below: does the small batch bear four times as much?\n"
            f"- **A larger batch**: copy a line of `RUNS`, say B = {2 * max(plan.batch_sizes)}, and halve its steps. "
            "What happens to the noise, and to the loss at equal tokens?\n"
            '- **The order**: set `PLAN["order"] = "sequential"` and race again. Does the loss tell the story of the '
            "text?\n"
            "- **More seeds**: `SEEDS = [0, 1, 2, 3, 4]`. Which differences stay?",
        ),
        ("code", TRY),
    ]
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    book = nbformat.v4.new_notebook(
        cells=[make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(cells)],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.validate(book)
    return nbformat.writes(book)


def told(chapter: list[Cell]) -> str:
    """A sentence that tells of the chapter, if there is one."""
    if not chapter:
        return ""
    title = chapter[0][1].splitlines()[0].removeprefix("## ")
    return f" The last chapter, “{title}”, is of the lesson that it was taken from, with its settings."
