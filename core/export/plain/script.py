"""The race as a program of its own: what is below the settings, the model and the training in an exported script."""

import argparse
import hashlib
import math
import sys
from pathlib import Path

import altair as alt
import pandas as pd
import torch

from core.export.plain.race import final_losses, loss_noise, train_run
from core.export.plain.settings import (
    GPT_CONFIG,
    IDS,
    PLAN,
    RAMP,
    RUNS,
    SEEDS,
    TEXT,
    TEXT_SHA256,
    TOKENIZER,
    TOKENS,
    VAL_FRACTION,
)
from core.export.plain.text import encode, text_in


def main() -> None:
    options = argparse.ArgumentParser(description="Race small GPTs at several batch sizes.")
    options.add_argument("--csv", default="race.csv")
    options.add_argument("--html", default="race.html")
    options.add_argument("--text-file", default="text.txt", help="the text, where it is not in this file")
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = options.parse_args()
    ids, _ = encode(TEXT if TEXT or IDS else read_text(args.text_file), TOKENIZER, TOKENS, IDS)
    held_out_from = int(len(ids) * (1 - VAL_FRACTION))
    train_ids, val_ids = ids[:held_out_from], ids[held_out_from:]
    total = len(RUNS) * len(SEEDS)
    records = []
    for number, (run, seed) in enumerate([(run, seed) for run in RUNS for seed in SEEDS], start=1):
        for record in train_run(GPT_CONFIG, PLAN, run, seed, train_ids, val_ids, args.device):
            records.append(record)
            if record["kind"] == "eval":
                done = f"step {record['step']:,} of {run['num_steps']:,}"
                said = f"run {number} of {total}: B = {run['batch_size']}, seed {seed}, {done}"
                print(f"\r{said}, validation {record['loss']:.3f}   ", end="", file=sys.stderr)
    print(file=sys.stderr)
    table = pd.DataFrame(records)
    table.to_csv(args.csv, index=False)
    draw(table).save(args.html)
    steps = table[table["kind"] == "train"]
    for B, last in final_losses(table, ["batch_size"]).iterrows():
        mine = steps[steps["batch_size"] == B].groupby("seed")["loss"]
        noise = pd.Series([loss_noise(losses.to_numpy()) for _, losses in mine], dtype=float).mean()
        print(
            f"B = {B:4d}: validation loss {last.mean(skipna=False):.3f}, "
            f"of seeds {last.min():.3f} to {last.max():.3f}; "
            f"loss noise {noise:.3f} nats, noise x sqrt(B) {noise * math.sqrt(B):.3f}"
        )
    for gone in table[table["kind"] == "diverged"].itertuples():
        print(f"B = {gone.batch_size}, seed {gone.seed}: diverged at step {gone.step + 1:,}")
    print(f"Losses: {args.csv}; chart: {args.html}")


def read_text(path: str) -> str:
    """The text that the race was of, known by its hash."""
    if not Path(path).exists():
        raise SystemExit(f"The text is too long to stand here: put it beside this file as {path}, or give --text-file.")
    text = text_in(Path(path).read_bytes())
    if hashlib.sha256(text.encode()).hexdigest() != TEXT_SHA256:
        raise SystemExit("That is another text than the race's: its hash differs.")
    return text


def draw(table: pd.DataFrame) -> alt.Chart:
    """Training losses thin, a line a run; validation losses thick, the mean of the seeds while none has diverged."""
    alt.data_transformers.disable_max_rows()
    steps = table[table["kind"] == "train"]
    kept = pd.concat(run.iloc[:: max(1, len(run) // 300)] for _, run in steps.groupby(["batch_size", "seed"]))
    evals = table[table["kind"] == "eval"].groupby(["batch_size", "tokens_seen"])["loss"].agg(["mean", "size"])
    means = evals[evals["size"] == len(SEEDS)]["mean"].rename("loss").reset_index()
    color = alt.Color(
        "batch_size:Q",
        title="batch size",
        scale=alt.Scale(type="log", domain=[4**k for k in range(7)], range=RAMP, clamp=True),
        legend=alt.Legend(type="symbol", values=[r["batch_size"] for r in RUNS], symbolOpacity=1, symbolStrokeWidth=4),
    )
    x = alt.X("tokens_seen:Q", title="tokens seen", axis=alt.Axis(format="~s"))
    y = alt.Y("loss:Q", title="loss (nats per token)", scale=alt.Scale(zero=False))
    lines = {"x": x, "y": y, "color": color}
    thin = alt.Chart(kept).mark_line(strokeWidth=0.6, opacity=0.5).encode(**lines, detail=["batch_size:N", "seed:N"])
    thick = alt.Chart(means).mark_line(strokeWidth=3, point=True).encode(**lines, detail="batch_size:N")
    title = "thin: training, every seed; thick: validation, the mean of the seeds"
    return (thin + thick).properties(width=700, height=380, title=title)


if __name__ == "__main__":
    main()
