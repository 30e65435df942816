"""A race as one Python file, of the kind that people know from nanoGPT."""

import base64
import hashlib
import zlib
from dataclasses import asdict, dataclass
from pprint import pformat

import numpy as np

from core.lab.experiments import RaceSpec

MAX_EMBEDDED_BYTES = 200_000  # a longer text is asked for as a file

IDEAS = """Where the ideas come from: the model's shape and names from nanoGPT (Karpathy); one stream of examples for
all batch sizes from a counter-based generator (Salmon et al. 2011); AdamW (Loshchilov and Hutter 2019); rules for the
rate: linear (Goyal et al. 2017), square root (Malladi et al. 2022)."""
HEAD = '''"""A race between batch sizes: small GPTs that read the same examples, taken away from Batchscope.

Run it with torch, pandas and altair: `python {name}`; a GPU is used where there is one. It writes every loss to a CSV
file and draws the race as a web page. Its source: {version}.

{ideas}
"""

import argparse
import base64
import hashlib
import math
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import Embedding, LayerNorm, Linear
from torch.nn import functional as F
'''
MAIN = '''
def main() -> None:
    options = argparse.ArgumentParser(description="Race small GPTs at several batch sizes.")
    options.add_argument("--csv", default="race.csv")
    options.add_argument("--html", default="race.html")
    options.add_argument("--text-file", help="the text, where it is not in this file")
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = options.parse_args()
    text = TEXT if TEXT is not None else read_text(args.text_file)
    train_ids, val_ids = encode(text)
    total = len(RUNS) * len(SEEDS)
    records = []
    for number, (run, seed) in enumerate([(run, seed) for run in RUNS for seed in SEEDS], start=1):
        for record in train_run(GPT_CONFIG, PLAN, run, seed, train_ids, val_ids, args.device):
            records.append(record)
            if record["kind"] == "eval":
                done = f"step {record['step']:,} of {run['num_steps']:,}"
                said = f"run {number} of {total}: B = {run['batch_size']}, seed {seed}, {done}"
                print(f"\\r{said}, validation {record['loss']:.3f}   ", end="", file=sys.stderr)
    print(file=sys.stderr)
    table = pd.DataFrame(records)
    table.to_csv(args.csv, index=False)
    draw(table).save(args.html)
    for run in RUNS:
        mine = table[table["batch_size"] == run["batch_size"]]
        steps = mine[mine["kind"] == "train"]
        noise = np.mean([loss_noise(each["loss"].to_numpy()) for _, each in steps.groupby("seed")])
        last = mine[mine["kind"] == "eval"].groupby("seed")["loss"].last().mean()
        print(f"B = {run['batch_size']:4d}: validation loss {last:.3f}, loss noise {noise:.3f} nats, "
              f"noise x sqrt(B) {noise * math.sqrt(run['batch_size']):.3f}")
    print(f"Losses: {args.csv}; chart: {args.html}")


def read_text(path: str | None) -> str:
    """The text that the race was of, known by its hash."""
    if path is None:
        raise SystemExit("This race's text is too long to stand here: give it with --text-file.")
    text = Path(path).read_bytes().decode("utf-8")
    if hashlib.sha256(text.encode()).hexdigest() != TEXT_SHA256:
        raise SystemExit("That is another text than the race's: its hash differs.")
    return text


def encode(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Token ids to train on, and those of the end, which is held out."""
    if TOKENIZER == "char":
        number = {character: i for i, character in enumerate(sorted(set(text)))}
        ids = np.array([number[character] for character in text])
    elif TOKENIZER == "byte":
        ids = np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64)
    else:
        ids = np.frombuffer(zlib.decompress(base64.b64decode(IDS)), dtype="<u2").astype(np.int64)
    held_out_from = int(len(ids) * (1 - VAL_FRACTION))
    return ids[:held_out_from], ids[held_out_from:]


def draw(table: pd.DataFrame) -> alt.Chart:
    """Training losses thin, a line a run; validation losses thick, the mean of the seeds."""
    alt.data_transformers.disable_max_rows()
    steps = table[table["kind"] == "train"]
    kept = pd.concat(run.iloc[:: max(1, len(run) // 300)] for _, run in steps.groupby(["batch_size", "seed"]))
    means = table[table["kind"] == "eval"].groupby(["batch_size", "tokens_seen"], as_index=False)["loss"].mean()
    color = alt.Color("batch_size:O", title="batch size", scale=alt.Scale(scheme="plasma"))
    x = alt.X("tokens_seen:Q", title="tokens seen")
    y = alt.Y("loss:Q", title="loss (nats per token)", scale=alt.Scale(zero=False))
    thin = alt.Chart(kept).mark_line(strokeWidth=0.6, opacity=0.5).encode(x=x, y=y, color=color, detail="seed:N")
    thick = alt.Chart(means).mark_line(strokeWidth=3, point=True).encode(x=x, y=y, color=color)
    title = "thin: training, every seed; thick: validation, the mean of the seeds"
    return (thin + thick).properties(width=700, height=380, title=title)


if __name__ == "__main__":
    main()
'''


@dataclass(frozen=True)
class TakenAway:
    """What a file that is taken away says: as source, ready to stand in it."""

    head: dict[str, str]  # name, version, ideas
    settings: str
    batches: str
    model: str
    gpt_config: str
    training: str


def take_away(spec: RaceSpec, name: str) -> TakenAway:
    """Raises ValueError, with a sentence, for a race that cannot be, or whose tokens do not fit into a file."""
    from core.batches import stream, windows  # here, because of torch: only a shell or a worker exports
    from core.lab.export import pieces, plain_race
    from core.model import config as model_config
    from core.model import gpt

    corpus, gpt_config = spec.build()
    text, plan, T = corpus.text, spec.train, spec.block_size
    runs = [
        {
            "batch_size": b,
            "learning_rate": plan.learning_rate_at(b),
            "betas": list(plan.betas_at(b)),
            "num_steps": plan.num_steps(b, T),
            "eval_steps": plan.eval_steps(b, T),
        }
        for b in sorted(plan.batch_sizes)
    ]
    batches = f"{pieces.source_of(windows)}\n\n\n{pieces.source_of(stream)}"
    model = f"{pieces.source_of(model_config)}\n\n\n{pieces.source_of(gpt)}"
    training = pieces.source_of(plain_race)
    version = hashlib.sha256((batches + model + training).encode()).hexdigest()[:12]
    short = len(text.encode()) <= MAX_EMBEDDED_BYTES
    learnt = "TOKENS = IDS = None  # of BPE only\n"
    if spec.tokenizer == "bpe":
        if not short:
            raise ValueError("The BPE tokens of a text over 200 kB are too many to be written down: take characters.")
        ids = np.concatenate([corpus.train_ids, corpus.val_ids]).astype("<u2").tobytes()
        tokens = [corpus.tokenizer.show(i) for i in range(corpus.tokenizer.vocab_size)]
        learnt = (
            f"TOKENS = {pformat(tokens, width=120, compact=True)}\n"
            f"IDS = {base64.b64encode(zlib.compress(ids)).decode()!r}  # the text in them: 16 bits each, packed\n"
        )
    settings = (
        f"TEXT = {pieces.text_literal(text) if short else None}\n"
        f"TEXT_SHA256 = {hashlib.sha256(text.encode()).hexdigest()!r}\n"
        f"TOKENIZER = {spec.tokenizer!r}  # a token is a character, a byte, or what BPE has learnt from this text\n"
        f"{learnt}"
        f"VAL_FRACTION = {spec.val_fraction!r}  # of the tokens, at the end, held out\n"
        f"PLAN = {pformat({k: asdict(plan)[k] for k in ('order', 'weight_decay', 'grad_clip', 'eval_windows')})}\n"
        f"RUNS = {pformat(runs, width=120, compact=True)}\n"
        f"SEEDS = {list(plan.seeds)}"
    )
    made = ", ".join(f"{name}={value!r}" for name, value in asdict(gpt_config).items())
    head = {"name": name, "version": version, "ideas": IDEAS}
    return TakenAway(head, settings, batches, model, f"GPT_CONFIG = GPTConfig({made})", training)


def export_script(spec: RaceSpec, name: str = "race.py") -> str:
    """The race as the source of a Python file. Raises ValueError as `take_away`."""
    found = take_away(spec, name)
    parts = {
        "What was set": found.settings,
        "The batches: which windows a step reads": found.batches,
        "The model": f"{found.model}\n\n\n{found.gpt_config}",
        "The training of a run": found.training,
        "The race": MAIN.strip(),
    }
    return HEAD.format(**found.head) + "".join(f"\n\n# ---- {title}\n\n\n{part}\n" for title, part in parts.items())
