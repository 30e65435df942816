"""What the charts of the evidence show, as tables; and the values that they are drawn from."""

import numpy as np
import pandas as pd

from core import charts
from core.experiments.noise.results import NoiseResults
from core.experiments.race.results import RaceResults
from core.experiments.step_cost.results import StepCostResults
from core.experiments.sweep.results import SweepResults
from core.lessons.check_the_claims.verdicts.race import cost_to_target, targetless
from core.measure.estimate import Estimate
from core.ui.sentences import brief, mean_text, number, rate_numbers

PER_SIZE = "batch size"


def by_size(rows: list[dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows).set_index(PER_SIZE)


def cost_values(race: RaceResults) -> tuple[float | None, dict[str, dict[int, np.ndarray]]]:
    """The target, and the values at each batch size by what they are; empty where nothing is known of them."""
    cost = None if targetless(race) else cost_to_target(race)
    tokens = race.spec.block_size / 1e3
    speed = {b: b * tokens / np.array(taken) for b, taken in sorted(race.probes.items())}
    return cost.target if cost else None, {
        "steps to the target": cost.steps if cost else {},
        "thousand tokens to the target": {b: each / 1e3 for b, each in cost.tokens.items()} if cost else {},
        "thousand tokens a second": speed,
        "seconds to the target": cost.seconds if cost else {},
    }


def cost_table(race: RaceResults) -> pd.DataFrame:
    _, values = cost_values(race)
    return by_size(
        [
            {PER_SIZE: f"{b:,}"}
            | {title: mean_text(each[b]) if b in each else charts.NOT_MEASURED for title, each in values.items()}
            for b in race.batch_sizes
        ]
    )


def noise_table(race: RaceResults) -> pd.DataFrame:
    _, losses = race.validation_at_equal("tokens")
    rows = []
    for b in race.batch_sizes:
        noise = race.noise.get(b)
        rows.append(
            {
                PER_SIZE: f"{b:,}",
                "loss noise, nats": brief(Estimate(noise.sigma, noise.low, noise.high))
                if noise
                else charts.NOT_MEASURED,
                "validation loss at equal tokens": number(float(losses[b].mean()))
                if b in losses
                else charts.NOT_MEASURED,
            }
        )
    return by_size(rows)


def gap_points(race: RaceResults) -> pd.DataFrame:
    """order, train, gap, batch_size, seed, tokens: every evaluation of every run."""
    tables = [
        pd.DataFrame(
            {
                "order": range(len(steps)),
                "train": train[:, place],
                "gap": val[:, place] - train[:, place],
                "batch_size": b,
                "seed": seed,
                "tokens": race.x_of("tokens", b, steps),
            }
        )
        for b in race.whole_sizes
        for steps, val, train in [race.evaluations(b)]
        for place, seed in enumerate(race.spec.train.seeds)
    ]
    empty = pd.DataFrame(columns=["order", "train", "gap", "batch_size", "seed", "tokens"])
    return pd.concat(tables, ignore_index=True).dropna() if tables else empty


def gap_table(race: RaceResults) -> pd.DataFrame:
    """At the end of the runs, means over the seeds."""
    points = gap_points(race)
    last = points.sort_values("order").groupby(["batch_size", "seed"]).last().groupby("batch_size").mean()
    return by_size(
        [
            {
                PER_SIZE: f"{b:,}",
                "training loss at the end": number(row["train"]),
                "validation minus training loss": number(row["gap"]),
            }
            for b, row in last.iterrows()
        ]
        or [{PER_SIZE: f"{b:,}", "training loss at the end": charts.NOT_MEASURED} for b in race.batch_sizes]
    )


def rates_table(sweep: SweepResults) -> pd.DataFrame:
    rows = [rate_numbers(sweep, rate) for rate in sweep.spec.learning_rates]
    return pd.DataFrame(rows).set_index("learning rate")


def bend_table(sweep: SweepResults, noise: NoiseResults) -> pd.DataFrame:
    """Two things in one table: steps to the target by batch size, and the noise scale by step."""
    runs = sweep.runs_to(sweep.usual_target() or 0.0)
    rows = []
    for b, each in runs.groupby("batch_size"):
        steps = each["steps"].to_numpy(dtype=float)
        reached = np.isfinite(steps).all() and (steps > 0).all()
        rows.append((f"steps to the target at B = {b:,}", mean_text(steps) if reached else "not reached"))
    for step, scale in sorted(noise.scales.items()):
        value = brief(scale.estimate) if scale.estimate else "not resolved"
        rows.append((f"noise scale after {step:,} steps, windows", value))
    return pd.DataFrame(rows, columns=["what", "value"]).set_index("what")


def memory_table(cost: StepCostResults) -> pd.DataFrame:
    rows = []
    for b, kept in cost.activation_bytes.items():
        parts = {**cost.state_bytes, "activations": kept}
        sizes = {name: charts.format_bytes(size) for name, size in parts.items()}
        rows.append({PER_SIZE: f"{b:,}"} | sizes | {"in all": charts.format_bytes(sum(parts.values()))})
    return by_size(rows or [{PER_SIZE: charts.NOT_MEASURED}])


def splits_table(cost: StepCostResults) -> pd.DataFrame:
    size, known = cost.spec.split_size, cost.by_micro_batch()
    rows = []
    for m in (*cost.spec.micro_batch_sizes, size):
        taken = known.get(m, np.empty(0))
        seconds = mean_text(taken) if len(taken) > 1 else charts.NOT_MEASURED
        rows.append({"micro-batch size": f"{m:,}", f"seconds of one update from {size:,} windows": seconds})
    return pd.DataFrame(rows).set_index("micro-batch size")
