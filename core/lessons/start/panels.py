"""Every training loss of one run, as a small panel shows it: thousands of steps in a few columns, none left out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.experiments.race.results import RaceResults, run_losses
from core.experiments.results import Read
from core.measure.comparison import running_mean

COLUMNS = 120  # of a panel; a run with fewer steps is drawn step by step
MEAN_TOKENS = 12_000  # that a point of the running mean looks at


@dataclass(frozen=True)
class Panel:
    """One run at one batch size, as the tables of `panel_chart`."""

    batch_size: int
    num_steps: int
    jump: float | None  # nats: how far the loss jumps from step to step, measured by the race
    lowest: float
    highest: float
    bars: pd.DataFrame
    line: pd.DataFrame
    mean: pd.DataFrame


def panel_of(results: RaceResults, read: Read, batch_size: int) -> Panel:
    """The first seed's run."""
    race = results.spec
    losses = run_losses(read, race, batch_size, race.train.first_seed)
    losses = losses[np.isfinite(losses)].astype(float)  # (N,): a run that has diverged ends there
    tokens = batch_size * race.block_size  # of a step
    ends = tokens * np.arange(1, len(losses) + 1.0)
    mean = running_mean(losses[:, None], max(1, MEAN_TOKENS // tokens))[:, 0]
    some = np.unique(np.linspace(0, len(losses) - 1, min(len(losses), COLUMNS)).round().astype(int))
    noise = results.noise.get(batch_size)
    many = len(losses) > COLUMNS
    bars, line = columns_of(losses, tokens), pd.DataFrame({"x": ends, "loss": losses})
    return Panel(
        batch_size=batch_size,
        num_steps=len(losses),
        jump=noise.sigma if noise else None,
        lowest=float(losses.min()),
        highest=float(losses.max()),
        bars=bars if many else bars[:0],
        line=line[:0] if many else line,
        mean=pd.DataFrame({"x": ends[some], "loss": mean[some]}),
    )


def columns_of(losses: np.ndarray, tokens: int = 1, num_columns: int = COLUMNS) -> pd.DataFrame:
    """x, x2, low, high of each column: stretches of the losses (N,) of steps of so many tokens, as equal as can be.

    >>> columns_of(np.array([3.0, 1.0, 2.0, 5.0]), num_columns=2)
         x   x2  low  high
    0  0.0  2.0  1.0   3.0
    1  2.0  4.0  2.0   5.0
    """
    edges = np.linspace(0, len(losses), min(num_columns, len(losses)) + 1).astype(int)
    starts = edges[:-1]
    return pd.DataFrame(
        {
            "x": tokens * starts.astype(float),
            "x2": tokens * edges[1:].astype(float),
            "low": np.minimum.reduceat(losses, starts),
            "high": np.maximum.reduceat(losses, starts),
        }
    )
