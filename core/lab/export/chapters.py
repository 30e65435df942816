"""A notebook's last chapter: what the lesson measures that it is taken from."""

import numpy as np

from core.lab.experiments import DocumentsSpec, NoiseSpec, OrdersSpec, ParallelSpec, SpeedSpec, SweepSpec
from core.lab.export.sources import config_literal, definitions, joined, literal, packed_ids, run_settings
from core.strategies import target_lengths

Cell = tuple[str, str]  # "markdown" or "code", and its source

NOISE_RUN = """model = GPT(GPT_CONFIG, torch.Generator().manual_seed(SEEDS[0])).to(device)
optimizer = new_optimizer(model, PLAN, NOISE["run"])
cut = text_windows[::T]  # (D, T + 1): the text, window beside window
if len(cut) > 16_384:
    cut = cut[np.linspace(0, len(cut) - 1, 16_384).astype(int)]
found = []
for step in range(max(NOISE["steps"]) + 1):
    if step in NOISE["steps"]:
        rng = np.random.default_rng([SEEDS[0], step])
        rows = measured_noise(model, cut, NOISE["batch_sizes"], NOISE["num_batches"], rng)
        found += [{"step": step} | row for row in rows]
        print(f"measured after {step:,} steps")
    size = NOISE["run"]["batch_size"]
    starts = stream.starts(first=step * size, count=size)
    train_step(model, optimizer, text_windows[torch.from_numpy(starts).to(device)], PLAN)
still = pd.DataFrame(found)
still.round(4)"""

NOISE_CHART = """alt.hconcat(
    *(against_batch_size(mine, "loss noise", f"loss noise after {step:,} steps (nats)", power=-0.5)
      for step, mine in still.groupby("step"))
)"""

SWEEP_RUN = """swept = []
for run in SWEEP["runs"]:
    for rate in SWEEP["learning_rates"]:
        for seed in SEEDS:
            records = list(
                train_run(GPT_CONFIG, PLAN, run | {"learning_rate": rate}, seed, train_ids, val_ids, device)
            )
            last = records[-1]["loss"] if records[-1]["kind"] == "eval" else float("nan")  # it has diverged
            swept.append({"batch_size": run["batch_size"], "learning_rate": rate, "seed": seed, "loss": last})
    print(f"B = {run['batch_size']} is done")
swept = pd.DataFrame(swept)
swept.groupby(["batch_size", "learning_rate"])["loss"].mean().unstack().round(3)"""

SWEEP_CHART = """valleys = swept.groupby(["batch_size", "learning_rate"], as_index=False)["loss"].mean().dropna()
axis = alt.Axis(format="~g", values=SWEEP["learning_rates"])
x = alt.X("learning_rate:Q", title="learning rate", scale=alt.Scale(type="log", nice=False), axis=axis)
y = alt.Y("loss:Q", title="validation loss at the end (nats)", scale=alt.Scale(zero=False))
color = color_of([run["batch_size"] for run in SWEEP["runs"]])
alt.Chart(valleys).mark_line(point=True).encode(x=x, y=y, color=color, detail="batch_size:N").properties(
    width=420, height=260
)"""

ORDERS_RUN = """ordered = []
for order in ORDERS:
    for seed in range(SEEDS[0], SEEDS[0] + ORDER["num_seeds"]):
        plan = PLAN | {"order": order}
        records = train_run(ORDER["gpt_config"], plan, ORDER["run"], seed, train_ids, val_ids, device)
        ordered += [{"order": order} | record for record in records]
    print(f"{order} is done")
ordered = pd.DataFrame(ordered)
ends = ordered[ordered["kind"] == "eval"].groupby(["order", "seed"])["loss"].last().unstack()
ends.round(3)"""

ORDERS_CHART = """evals = ordered[ordered["kind"] == "eval"]
mean = evals.groupby(["order", "tokens_seen"], as_index=False)["loss"].mean()
x = alt.X("tokens_seen:Q", title="tokens seen", axis=alt.Axis(format="~s", tickCount=5))
y = alt.Y("loss:Q", title="validation loss (nats per token)", scale=alt.Scale(zero=False))
color = alt.Color("order:N", scale=alt.Scale(domain=list(ORDERS), range=ORDER["colors"]))
alt.Chart(mean).mark_line(point=True).encode(x=x, y=y, color=color).properties(width=420, height=260)"""

ACCUMULATE = """model, _ = run_before(STEP)
windows = windows_of(STEP)  # (B, T + 1)
lengths = torch.tensor(PARTS["lengths"], device=device)  # of each window, how many targets count
whole = flat_gradient(model, loss_sum(model, windows, lengths) / lengths.sum())
parts = accumulated_gradient(model, windows, lengths, PARTS["micro_batch_size"])
print(f"the whole batch in one go: a gradient of length {whole.norm():.4f}")
print(f"in micro-batches of {PARTS['micro_batch_size']}: {(parts - whole).norm() / whole.norm():.1e} of that away")"""

ACCUMULATE_WRONG = """micro = PARTS["micro_batch_size"]
split = list(zip(windows.split(micro), lengths.split(micro)))
own_means = [flat_gradient(model, loss_sum(model, *part) / part[1].sum()) for part in split]
wrong = {"each part's own mean, averaged": sum(own_means) / len(split), "not divided at all": sum(own_means)}
pd.Series({name: ((g - whole).norm() / whole.norm()).item() for name, g in wrong.items()}, name="away").to_frame()"""

RANKS = """ranks = rank_gradients(model, windows, lengths, PARTS["num_ranks"])  # (W, P)
average = ranks.mean(dim=0)
print(f"the average of the ranks: {(average - whole).norm() / whole.norm():.1e} of the length away from the whole")
cosines = F.cosine_similarity(ranks, whole[None])
pd.DataFrame({"length": ranks.norm(dim=1).tolist(), "cosine with the whole": cosines.tolist()}).rename_axis("rank")"""

SPEED_RUN = """rows = []
for size in SPEED["batch_sizes"]:
    seconds_of_one = step_seconds(GPT_CONFIG, PLAN, RUN | {"batch_size": size}, train_ids, device)
    windows = text_windows[torch.arange(size, device=device) % len(text_windows)]
    kept = kept_bytes(GPT(GPT_CONFIG).to(device), windows)
    rows.append({"batch_size": size, "milliseconds": 1e3 * seconds_of_one, "kept bytes": kept})
speed = pd.DataFrame(rows)
speed["tokens a second"] = 1e3 * speed["batch_size"] * T / speed["milliseconds"]
b, a = np.polyfit(speed["batch_size"], speed["milliseconds"], 1, w=1 / speed["milliseconds"])
print(f"a step takes about {a:.2f} + {b:.3f} B milliseconds: at B = {a / b:.0f} half the speed is reached")
slope, intercept = np.polyfit(speed["batch_size"], speed["kept bytes"], 1)
print(f"each window keeps {slope:,.0f} bytes for the way back; weights, gradients and AdamW's state have "
      f"{16 * GPT_CONFIG.num_parameters:,} whatever the batch")
speed.round(2)"""

SPEED_CHART = """alt.hconcat(
    against_batch_size(speed, "milliseconds", "a step (ms)"),
    against_batch_size(speed, "tokens a second", "tokens a second"),
)"""

DOCUMENTS_WAYS = """ids = unpacked(DOCUMENTS["ids"])
documents = np.split(ids, np.cumsum(DOCUMENTS["lengths"])[:-1])
ways = {way: pack(documents, DOCUMENTS["gpt_config"].block_size, way) for way in WAYS}
sizes_of_ways = [(len(b.ids), b.num_slots, b.num_tokens, b.num_targets, b.waste) for b in ways.values()]
columns = ["rows", "slots", "tokens", "targets", "share of padding"]
pd.DataFrame(sizes_of_ways, index=list(ways), columns=columns).round(3)"""

DOCUMENTS_ROWS = """packed = ways["best-fit"]


def row_shown(row: int) -> str:
    text = ""
    for i, segment, place in zip(packed.ids[row], packed.segments[row], packed.positions[row]):
        begins = text and place == 0 and segment != PADDING
        text += "|" * bool(begins) + ("." if segment == PADDING else DOCUMENTS["tokens"][i])
    return text.replace("\\n", "⏎")


for row in range(min(4, len(packed.ids))):
    print(row_shown(row)[:300])"""

DOCUMENTS_APART = """some = [piece.document for row in packed.plan[:4] for piece in row]
few = pack([documents[number] for number in some], packed.ids.shape[1])
model = GPT(DOCUMENTS["gpt_config"], torch.Generator().manual_seed(SEEDS[0])).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for step in range(50):
    loss = packed_loss(model, few, device)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
print(f"after 50 steps: {loss.item():.3f} nats per target")
for keep_apart in (True, False):
    far = difference_alone(model, [documents[number] for number in some], few, device, keep_apart)
    where = "within a document" if keep_apart else "over the whole row"
    print(f"attention {where}: a logit is up to {far:.1e} from the document's alone")"""


def chapter_of(own: object, step: int) -> list[Cell]:
    """The cells of a lesson's own experiment; none for a lesson that has no more than the race."""
    match own:
        case NoiseSpec():
            return noise_chapter(own)
        case SweepSpec():
            return sweep_chapter(own)
        case OrdersSpec():
            return orders_chapter(own)
        case ParallelSpec():
            return parts_chapter(own, step)
        case SpeedSpec():
            return speed_chapter(own)
        case DocumentsSpec():
            return documents_chapter(own)
    return []


def code(source: str) -> list[Cell]:
    """A cell for each definition."""
    return [("code", part) for part in definitions(source)]


def noise_chapter(spec: NoiseSpec) -> list[Cell]:
    from core.lab.export.plain import gradients, noise

    race = spec.race
    settings = {
        "run": run_settings(race.train, race.train.batch_sizes[0], race.block_size, evals=False),
        "steps": list(spec.steps),
        "batch_sizes": list(spec.batch_sizes),
        "num_batches": spec.num_batches,
    }
    return [
        (
            "markdown",
            "## The noise, at weights that stand still\n\nA run is stopped after some steps. Then many batches of each "
            "size are drawn, and each is held against the loss and the gradient of the whole text.",
        ),
        ("code", f"NOISE = {literal(settings)}"),
        *code(joined(gradients.flat_gradient, noise)),
        ("code", NOISE_RUN),
        (
            "markdown",
            "Dashed: $B^{-1/2}$ from the smallest size on. Is the noise on it? And the cosine: how large must B be, "
            "until a batch knows the direction? Early and late in training?",
        ),
        ("code", NOISE_CHART),
    ]


def sweep_chapter(spec: SweepSpec) -> list[Cell]:
    plan, T = spec.race.train, spec.race.block_size
    runs = [run_settings(plan, b, T, evals=False) for b in sorted(plan.batch_sizes)]
    for run in runs:
        del run["learning_rate"]  # every rate of the grid
    settings = {
        "runs": runs,
        "learning_rates": list(spec.learning_rates),
    }
    return [
        (
            "markdown",
            "## A learning rate for each batch size\n\nEvery batch size at every rate of a grid, on the same budget of "
            "tokens: the loss on text that no run has trained on, at the end, as the mean of the seeds. A run that "
            "diverged does not count.",
        ),
        ("code", f"SWEEP = {literal(settings)}"),
        ("code", SWEEP_RUN),
        ("markdown", "Each line has a valley. How wide is it, and does it move to the right as B grows?"),
        ("code", SWEEP_CHART),
    ]


def orders_chapter(spec: OrdersSpec) -> list[Cell]:
    from core.charts.palette import PALETTES

    race = spec.race
    settings = {
        "run": run_settings(race.train, spec.batch_size, race.block_size),
        "num_seeds": race.train.num_seeds,
        "colors": list(PALETTES["light"].orders),
    }
    size = f"n_layer={race.n_layer}, n_head={race.n_head}, n_embd={race.n_embd}"
    return [
        (
            "markdown",
            "## The order of the windows\n\nThe same first weights, the same batch size and rate: windows anywhere at "
            "random, every block once in a new order, or front to back.",
        ),
        (
            "code",
            f"from dataclasses import replace\n\nORDER = {literal(settings)}\n"
            f"ORDER['gpt_config'] = replace(GPT_CONFIG, {size})",
        ),
        ("code", ORDERS_RUN),
        ("markdown", "Which order is behind, and is it behind for every seed?"),
        ("code", ORDERS_CHART),
    ]


def parts_chapter(spec: ParallelSpec, step: int) -> list[Cell]:
    from core.lab.export.plain import gradients

    plan, B = spec.plan, spec.batch_size  # which is also the batch size of the steps before
    seed, T = spec.race.train.first_seed, spec.race.block_size
    settings = {
        "micro_batch_size": plan.micro_batch_size,
        "num_ranks": spec.num_ranks,
        "lengths": target_lengths(plan.targets, seed, (step - 1) * B, B, T).tolist(),
    }
    ranks = [
        (
            "markdown",
            "**Over ranks**: each takes its rows, and all average their gradients. That averages to the whole "
            "batch's gradient only if a rank divides by *all* targets, not by its own, and counts W times.",
        ),
        ("code", RANKS),
    ]
    return [
        (
            "markdown",
            "## The batch in parts\n\nThe same gradient without ever holding the whole batch: forward and backward for "
            "a few windows, add up, update once. Each part counts by its share of the **targets**.",
        ),
        ("code", f"PARTS = {literal(settings)}"),
        *code(joined(gradients)),
        ("code", ACCUMULATE),
        ("markdown", "What people do instead, and how far it leads away. Are both wrong here? Why not always?"),
        ("code", ACCUMULATE_WRONG),
        *(ranks if spec.num_ranks > 1 else []),
    ]


def speed_chapter(spec: SpeedSpec) -> list[Cell]:
    return [
        (
            "markdown",
            "## What a batch costs\n\nThe time of a step, and what the forward pass keeps for the way back, at every "
            "batch size up to a bound.",
        ),
        ("code", f"SPEED = {literal({'batch_sizes': list(spec.batch_sizes)})}"),
        ("code", SPEED_RUN),
        ("markdown", "Where does a step begin to take longer? Where do tokens a second stop growing?"),
        ("code", SPEED_CHART),
    ]


def documents_chapter(spec: DocumentsSpec) -> list[Cell]:
    from core.batches import packing
    from core.lab.export.plain import packing as plain_packing

    settings = {
        "lengths": [len(ids) for ids in spec.documents],
        "ids": packed_ids(np.concatenate(spec.documents)),
        "tokens": list(spec.tokens),
    }
    return [
        (
            "markdown",
            "## Documents in rows\n\nA batch is a rectangle, and documents are not equally long. They can be padded, "
            "cut, or packed: several in one row.",
        ),
        (
            "code",
            f"from collections.abc import Callable, Sequence\n\nDOCUMENTS = {literal(settings)}\n"
            f"DOCUMENTS['gpt_config'] = {config_literal(spec.gpt_config)}",
        ),
        *code(joined(packing)),
        ("code", DOCUMENTS_WAYS),
        (
            "markdown",
            "The first rows, best fit. A bar stands where a document begins behind another, a dot is padding.",
        ),
        ("code", DOCUMENTS_ROWS),
        (
            "markdown",
            "Do documents in one row leave each other alone? A model is trained for a moment, then looked at.",
        ),
        *code(joined(plain_packing)),
        ("code", DOCUMENTS_APART),
    ]
