"""What each stage of a training step makes, drawn: tokens, gradients, the update; and two questions about the batch."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.plots.step import draw_layers, upper_end
from core.ui.steps import Step

# ---- forward and loss


# ---- gradients


def show_gradients(step: Step) -> None:
    found = step.ask("gradients")
    lengths, cosines = found.norms, found.cosines
    number = charts.format_significant
    one, all_, angle = st.columns(3)
    one.metric("Length of one example's gradient, on average", number(lengths.mean()))
    all_.metric("Length of their mean, the batch's gradient", number(found.norm))
    angle.metric("Cosine of one with the mean, on average", number(cosines.mean()))
    if len(lengths) == 1:
        st.markdown("With a single example there is nothing to average: its gradient is the batch's, noise and all.")
    else:
        st.markdown(
            f"The {len(lengths):,} examples pull in different directions; what they disagree on cancels, so their mean "
            f"is **{number(lengths.mean() / found.norm)} times shorter** than one of them is on average. The mean of "
            f"the {len(lengths):,} gradients, each from a backward pass of its own, is the batch's gradient: the "
            f"largest difference is {charts.format_tiny(found.largest_difference)} of its length."
        )
    left, right = st.columns(2)
    with left:
        st.markdown("**Each example's gradient**, by its length and by how far it agrees with the mean.")
        examples = pd.DataFrame({"row": np.arange(len(lengths)), "cosine": cosines, "length": lengths})
        mean = pd.DataFrame({"cosine": [1.0], "length": [found.norm], "label": ["their mean"]})
        top = upper_end(float(max(lengths.max(), found.norm)))
        draw(
            spec_of(charts.example_gradients_chart, theme()),
            "step_examples",
            charts.describe_example_gradients(examples, mean),
            examples=examples,
            mean=mean,
            frame=charts.frame_corners((-1.0, 1.0), (0.0, top), x_column="cosine", y_column="length"),
        )
    with right:
        st.markdown("**The batch's gradient, layer by layer**: the length of each layer's part of it.")
        draw_layers({"gradient": found.layer_norms}, "length of the gradient", "step_layers", "Gradient norm by layer")
    show_one_weight(found.weights)


@st.fragment
def show_one_weight(weights: dict) -> None:
    """One weight's gradient as the sum of what each example asks of it."""
    st.markdown("**One weight, and what each example wants of it.**")
    narrow, _ = st.columns(2)
    name = narrow.selectbox(
        "Tensor (of it, the weight with the largest gradient)", list(weights), key="step_tensor",
        format_func=lambda name: name.removeprefix("transformer."),
    )  # fmt: skip
    weight = weights[name]
    total = float(weight.parts.sum())
    draw_sum(
        weight.parts,
        weight.parts.cumsum(dtype=float),
        [f"row {row}" for row in range(len(weight.parts))],
        f"batch's gradient = {total:.3g}".replace("-", "−"),
        "step_weight",
        f"Weight {weight.index:,} of {name}, its gradient by example",
        x_title="row of the batch",
        part_title="gᵢ / B",
        total_title="sum so far",
    )


def draw_sum(
    values: np.ndarray, running: np.ndarray, labels: list[str], total_label: str, key: str, what: str, **titles: str
) -> None:
    """Parts, and their sum or mean so far; the last of `running` is the total."""
    parts = pd.DataFrame({"place": np.arange(len(values)), "value": values, "running": running, "label": labels})
    low, high = (float(f([0.0, *running, *values])) for f in (min, max))
    y = -upper_end(-low) if low else 0.0, upper_end(high)
    draw(
        spec_of(charts.sum_chart, theme(), **titles),
        key,
        charts.describe_sum(parts, what, titles["total_title"]),
        parts=parts,
        total=pd.DataFrame({"y": running[-1:], "label": [total_label]}),
        frame=charts.frame_corners((-0.5, len(values) - 0.5), y),
    )


# ---- the update


def show_update(step: Step, choices: Choices) -> None:
    found = step.ask("update", choices.sgd_rate)
    clipped = f", clipped to {found.clipped_to:.3g}" if found.clipped_to < 0.999 * found.norm else ""
    st.markdown(
        f"The gradient's length is {found.norm:.3g}{clipped}. Both rules start from the same weights and use it."
    )
    kinds = {"AdamW": found.adamw, "SGD": found.sgd}
    left, right = st.columns([1, 1.2])
    with left:
        st.markdown("**What the step did to the loss** (nats per token).")
        rows = {
            "before the step": (found.loss, found.fresh_loss),
            **{f"after {name}": (kind.loss, kind.fresh_loss) for name, kind in kinds.items()},
        }
        table = pd.DataFrame.from_dict(rows, "index", columns=["this batch", "the next batch"])
        st.table(table.map(charts.format_loss))
        for name, kind in kinds.items():
            same, fresh = kind.loss - found.loss, kind.fresh_loss - found.fresh_loss
            changes = (charts.format_loss(change, "+") for change in (same, fresh))
            st.markdown("{}: {} on this batch, {} on the next.".format(name, *changes))
        st.caption("The step was made for this batch. The next one has not been learnt from yet: it is the fair judge.")
    with right:
        st.markdown("**How far each layer moved**, as a share of its length.")
        moved = {
            name: {layer: far / max(found.weight_norms[layer], 1e-12) for layer, far in kind.moved.items()}
            for name, kind in kinds.items()
        }
        draw_layers(moved, "distance moved / length of the weights", "step_moves", "Distance moved by layer")


# ---- two questions about the batch


@st.fragment
def show_positions(step: Step, choices: Choices) -> None:
    """A row's loss as the sum of its positions', each taken by itself."""
    num_rows = len(step.batch.x)
    row = 0
    if num_rows > 1:
        narrow, _ = st.columns([1, 4])
        row = int(narrow.number_input(f"Row (0 to {num_rows - 1})", 0, num_rows - 1, key="step_row"))
    alone = step.ask("losses_by_position", row)
    together = step.ask("predictions").losses[row]
    show = step.corpus.tokenizer.show
    x, y = ([show(i) for i in part[row].tolist()] for part in (step.batch.x, step.batch.y))
    labels = [f"after “{''.join(x[max(0, t - 11) : t + 1])}” comes “{y[t]}”" for t in range(len(alone))]
    total, count = float(alone.sum(dtype=float)), len(alone)
    draw_sum(
        alone,
        alone.cumsum(dtype=float) / np.arange(1, count + 1),
        labels,
        f"sum / {count} = {total / count:.4f}",
        "step_positions",
        f"Loss of row {row}, position by position",
        x_title="position t",
        part_title="loss at t (nats)",
        total_title="mean so far",
    )
    some = "" if count == len(together) else f" (its first {count} of {len(together)} positions)"
    st.markdown(
        f"Row {row}{some} was run as **{charts.counted(count, 'separate question')}**: every prefix of it through the "
        f"model alone, asked for one next token. The losses add up to {total:.4f} nats; divided by {count}: "
        f"**{total / count:.4f}** nats per token. One pass over the whole row gives "
        f"**{together[:count].mean(dtype=float):.4f}**; position by position the two differ by at most "
        f"{charts.format_tiny(float(np.abs(alone - together[:count]).max()))}."
    )


@st.fragment
def show_cost(step: Step) -> None:
    """The same batch in one go and one example at a time, measured when asked."""
    if st.button("Measure it now", icon=":material/timer:", key="step_measure"):
        step.known().pop(("cost_one_by_one",), None)
        step.ask("cost_one_by_one")
    found = step.known().get(("cost_one_by_one",))
    if found is None:
        st.caption("Not measured yet for this batch. It takes well under a second at the usual sizes.")
        return
    together, apart = (np.asarray(times) for times in (found.together_seconds, found.one_by_one_seconds))
    ratios = apart / together
    left, middle, right = st.columns(3)
    left.metric("In one go", charts.format_seconds(float(np.median(together))))
    middle.metric("One at a time", charts.format_seconds(float(np.median(apart))))
    right.metric("Ratio", f"{np.median(apart) / np.median(together):.3g}×")
    B = len(step.batch.x)
    st.markdown(
        f"Forward and backward, {len(together)} time{'s' if len(together) > 1 else ''} each way, in turn; medians, and "
        f"their ratio; turn by turn it went from {ratios.min():.3g} to {ratios.max():.3g}. "
        f"The loss is **{found.loss:.4f}** in one go and **{found.mean_loss:.4f}** as the mean of {B:,}; the gradients "
        f"differ by at most {charts.format_tiny(found.largest_difference)} of their length. Same result, other price."
    )
