"""A race as a notebook that reads as a lesson: the text, its windows, the model, one step, the race, what it costs."""

import ast

import nbformat

from core.lab.experiments import RaceSpec
from core.lab.export.script import take_away

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
where there is one. Run the cells from top to bottom.

{ideas}"""

ENCODE = """if TEXT is None:  # it is too long to stand here
    with open("text.txt", encoding="utf-8", newline="") as file:  # put it beside this notebook
        TEXT = file.read()
assert hashlib.sha256(TEXT.encode()).hexdigest() == TEXT_SHA256, "That is another text than the race's."

if TOKENIZER == "char":
    vocabulary = sorted(set(TEXT))
    number = {character: i for i, character in enumerate(vocabulary)}
    ids = np.array([number[character] for character in TEXT])
elif TOKENIZER == "byte":
    vocabulary = [chr(i) if 32 <= i < 127 else f"{i:02x}" for i in range(256)]
    ids = np.frombuffer(TEXT.encode("utf-8"), dtype=np.uint8).astype(np.int64)
else:
    vocabulary = TOKENS
    ids = np.frombuffer(zlib.decompress(base64.b64decode(IDS)), dtype="<u2").astype(np.int64)

held_out_from = int(len(ids) * (1 - VAL_FRACTION))
train_ids, val_ids = ids[:held_out_from], ids[held_out_from:]
print(f"{len(ids):,} tokens, {len(vocabulary)} different ones")
print(f"{len(train_ids):,} to train on, {len(val_ids):,} held out")"""

FREQUENT = """counts = pd.Series(train_ids).map(lambda i: repr(vocabulary[i])).value_counts().head(12)
counts.rename_axis("token").rename("times").to_frame().T"""

FIRST_BATCH = """B, T = RUNS[0]["batch_size"], GPT_CONFIG.block_size
stream = WindowStream(num_tokens=len(train_ids), block_size=T, order=PLAN["order"], seed=SEEDS[0])
batch = make_batch(train_ids, stream.starts(first=0, count=B), block_size=T)
print("x", batch.x.shape, "y", batch.y.shape, "windows begin at", batch.starts.tolist())


def shown(row: np.ndarray) -> str:
    return "".join(vocabulary[i] for i in row).replace(" ", "·").replace("\\n", "⏎")


pd.DataFrame({"x": [shown(row) for row in batch.x], "y": [shown(row) for row in batch.y]})"""

ONE_ROW = """rows = [(shown(batch.x[0, : t + 1]), shown(batch.y[0, t : t + 1])) for t in range(min(T, 8))]
pd.DataFrame(rows, columns=["when the model has read", "it should say"])"""

SHAPES = """model = GPT(GPT_CONFIG, torch.Generator().manual_seed(SEEDS[0])).to(device)
x, y = torch.from_numpy(batch.x).to(device), torch.from_numpy(batch.y).to(device)

names = {module: name for name, module in model.named_modules() if not list(module.children())}
seen = []


def note(module: nn.Module, _, out: Tensor) -> None:
    seen.append((names[module], type(module).__name__, tuple(out.shape)))


hooks = [module.register_forward_hook(note) for module in names]
logits = model(x)
for hook in hooks:
    hook.remove()
print(f"{GPT_CONFIG.num_parameters:,} weights")
print(f"logits {tuple(logits.shape)}: at each of B x T places, a number for each token")
pd.DataFrame(seen, columns=["part", "kind", "shape of what comes out"])"""

LOSS = """loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
guess = math.log(GPT_CONFIG.vocab_size)
print(f"loss {loss.item():.3f} nats per token; a uniform guess gets ln {GPT_CONFIG.vocab_size} = {guess:.3f}")"""

GRADIENT = """model.zero_grad()
loss.backward()
norms = {name: p.grad.norm().item() for name, p in model.named_parameters()}
whole = math.sqrt(sum(norm**2 for norm in norms.values()))
print(f"length of the gradient: {whole:.3f}")
pd.Series(norms, name="length of the gradient").sort_values(ascending=False).head(8).to_frame()"""

UPDATE = """optimizer = torch.optim.AdamW(model.parameters(), lr=RUNS[0]["learning_rate"])
before = loss.item()
optimizer.step()
with torch.no_grad():
    after = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
print(f"the same batch: {before:.3f} before the update, {after:.3f} after it")"""

RACE = """records = []
for run in RUNS:
    for seed in SEEDS:
        records += train_run(GPT_CONFIG, PLAN, run, seed, train_ids, val_ids, device)
    print(f"B = {run['batch_size']}: {len(SEEDS)} runs of {run['num_steps']:,} steps")
table = pd.DataFrame(records)
table.groupby(["kind", "batch_size"]).size().unstack()"""

STEP_TIME = """def step_seconds(batch_size: int, steps: int = 8) -> float:
    \"\"\"The median time of a step of one run, after two that warm up.\"\"\"
    model = GPT(GPT_CONFIG).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    windows = all_windows(torch.from_numpy(train_ids).to(device), T)[torch.arange(batch_size)]
    taken = []
    for _ in range(steps + 2):
        began = time.perf_counter()
        loss = F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device
        taken.append(time.perf_counter() - began)
    return float(np.median(taken[2:]))


sizes = [run["batch_size"] for run in RUNS]
seconds = {size: step_seconds(size) for size in sizes}
cost = pd.DataFrame({"B": sizes, "milliseconds a step": [1e3 * seconds[b] for b in sizes]})
cost["tokens a second"] = [b * T / seconds[b] for b in sizes]
cost.round(2)"""

CURVES = """alt.data_transformers.disable_max_rows()
COLOR = alt.Color("batch_size:O", title="batch size", scale=alt.Scale(scheme="plasma"))


def curves(kind: str, axis: str) -> alt.Chart:
    \"\"\"The mean of the seeds against steps, tokens seen or seconds of one run alone.\"\"\"
    mine = table[table["kind"] == kind].groupby(["batch_size", "step"], as_index=False)["loss"].mean()
    mine["tokens"] = mine["step"] * mine["batch_size"] * T
    mine["seconds"] = mine["step"] * mine["batch_size"].map(seconds)
    mine = pd.concat(each.iloc[:: max(1, len(each) // 300)] for _, each in mine.groupby("batch_size"))
    y = alt.Y("loss:Q", title=f"{kind} loss (nats per token)", scale=alt.Scale(zero=False))
    x = alt.X(f"{axis}:Q", axis=alt.Axis(format="~s", tickCount=4))
    return alt.Chart(mine).mark_line().encode(x=x, y=y, color=COLOR).properties(width=230, height=260)


alt.hconcat(*(curves("train", axis) for axis in ("step", "tokens", "seconds")))"""

VALIDATION = """alt.hconcat(*(curves("eval", axis) for axis in ("step", "tokens", "seconds")))"""

NOISE = """steps = table[table["kind"] == "train"]
noise = pd.DataFrame(
    [(b, loss_noise(run["loss"].to_numpy())) for (b, _), run in steps.groupby(["batch_size", "seed"])],
    columns=["batch_size", "noise"],
).dropna().groupby("batch_size", as_index=False).mean()
noise["noise x sqrt(B)"] = noise["noise"] * np.sqrt(noise["batch_size"])
first = noise.iloc[0]
line = pd.DataFrame({"batch_size": sizes})
line["noise"] = first["noise"] * np.sqrt(first["batch_size"] / line["batch_size"])
x = alt.X("batch_size:Q", scale=alt.Scale(type="log", base=2), axis=alt.Axis(values=sizes), title="batch size")
y = alt.Y("noise:Q", scale=alt.Scale(type="log"), title="loss noise (nats)")
points = alt.Chart(noise).mark_point(size=90, filled=True).encode(x=x, y=y, color=COLOR)
theory = alt.Chart(line).mark_line(strokeDash=[4, 4], color="gray").encode(x=x, y=y)
(theory + points).properties(width=320, height=260)"""

NOISE_TABLE = """noise.round(3)"""

TRY = """run = RUNS[0] | {"learning_rate": 4 * RUNS[0]["learning_rate"]}
faster = pd.DataFrame(train_run(GPT_CONFIG, PLAN, run, SEEDS[0], train_ids, val_ids, device))
ends = table[(table["kind"] == "eval") & (table["batch_size"] == run["batch_size"]) & (table["seed"] == SEEDS[0])]
usual, now = ends["loss"].iloc[-1], faster[faster["kind"] == "eval"]["loss"].iloc[-1]
print(f"validation loss at the end: {usual:.3f} at the usual rate, {now:.3f} at four times that")"""


def definitions(source: str) -> list[str]:
    """A module's source, cut into its definitions: what is short stands with what follows it."""
    lines, chunks, start = source.splitlines(), [], 0
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.end_lineno - start > 3:
            chunks.append("\n".join(lines[start : node.end_lineno]).strip("\n"))
            start = node.end_lineno
    rest = "\n".join(lines[start:]).strip("\n")
    return [*chunks, *([rest] if rest else [])]


def export_notebook(spec: RaceSpec, name: str = "race.ipynb") -> str:
    """The race as a notebook, in the form that is kept in a file. Raises ValueError as `take_away`."""
    found = take_away(spec, name)
    largest = max(spec.train.batch_sizes)
    cells = [
        ("markdown", OPENING.format(**found.head)),
        ("code", IMPORTS),
        ("markdown", "## The text and its vocabulary\n\nA model reads numbers. Each token of the text gets one."),
        ("code", found.settings),
        ("code", ENCODE),
        ("code", FREQUENT),
        (
            "markdown",
            "## Windows\n\nA window is T + 1 tokens in a row. The first T are **x**, what the model reads; the last T "
            "are **y**, what it should say: y is x one token on. So one window asks T questions at once.",
        ),
        *(("code", part) for part in definitions(found.batches)),
        ("markdown", "## The model\n\nA small GPT, with the names of nanoGPT."),
        *(("code", part) for part in definitions(found.model)),
        ("code", found.gpt_config),
        ("markdown", "## A batch: x and y\n\nB windows make a batch. A middle dot is a space, ⏎ a new line."),
        ("code", FIRST_BATCH),
        ("markdown", "One row, unrolled: what the model has read, and what it should say next."),
        ("code", ONE_ROW),
        ("markdown", "## Shapes through the model\n\nWhat comes out of each part. Which sizes are B, which are T?"),
        ("code", SHAPES),
        (
            "markdown",
            "## One step, stage by stage\n\n**The loss**: how surprised the model is, on average, by the right token.",
        ),
        ("code", LOSS),
        ("markdown", "**The gradient**: for every weight, which way the loss grows, from all B x T questions at once."),
        ("code", GRADIENT),
        ("markdown", "**The update**: every weight goes a little the other way."),
        ("code", UPDATE),
        (
            "markdown",
            "## The race\n\nThe same seed means the same first weights and the same stream of windows, whatever the "
            "batch size.",
        ),
        *(("code", part) for part in definitions(found.training)),
        ("code", RACE),
        ("markdown", "## What a step costs\n\nA larger batch takes longer, but not in proportion."),
        ("code", STEP_TIME),
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
        (
            "markdown",
            "## Change this and run again\n\n"
            "- **The learning rate**, below: does the small batch bear four times as much?\n"
            f"- **A larger batch**: copy a line of `RUNS`, say B = {2 * largest} with half as many steps. What happens "
            "to the noise, and to the loss at equal tokens?\n"
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
