"""What a training step makes, drawn: gradients and the update; and two questions about the batch."""

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.lessons.inside_one_step.words import (
    gradient_sentences,
    norm_sentences,
    one_by_one_sentences,
    position_label,
    position_sentences,
    update_sentence,
)
from core.measure.reports import GradientReport, OneByOne, OneWeight, UpdateReport
from core.ui.charts import draw, spec_of, theme
from core.ui.choices import Choices
from core.ui.glossary import explain
from core.ui.page import folded, fragment, show_answer
from core.ui.plots.step import draw_layers, upper_end
from core.ui.steps import Step

number = charts.format_significant
COSINE_HELP = explain("cosine", "gradient")
NATS_HELP = explain("loss", "nat")
CLIPPING_HELP = explain("clipping")

# ---- gradients


def show_gradients(step: Step) -> None:
    report: GradientReport = step.ask("gradients")
    lengths, cosines = report.norms, report.cosines
    show_answer(gradient_sentences(report))
    left, right = st.columns(2)
    with left:
        st.subheader("Each example's gradient", anchor=False, help=COSINE_HELP)
        examples = pd.DataFrame({"row": np.arange(len(lengths)), "cosine": cosines, "length": lengths})
        mean = pd.DataFrame({"cosine": [1.0], "length": [report.norm], "label": ["their mean"]})
        top = upper_end(float(max(lengths.max(), report.norm)))
        draw(
            spec_of(charts.example_gradients_chart, theme()),
            "step_examples",
            charts.describe_example_gradients(examples, mean),
            examples=examples,
            mean=mean,
            frame=charts.frame_corners((-1.0, 1.0), (0.0, top), x_column="cosine", y_column="length"),
        )
    with right:
        st.subheader("The batch's gradient, layer by layer", anchor=False)
        draw_layers({"gradient": report.layer_norms}, "length of the gradient", "step_layers", "Gradient norm by layer")
    one, all_, angle = st.columns(3)
    one.metric("Length of one example's, on average", number(lengths.mean()))
    all_.metric("Length of their mean", number(report.norm))
    angle.metric("Cosine with the mean, on average", number(cosines.mean()))
    with folded("One weight, and what each example wants of it", "step_weight") as shown:
        if shown:
            show_one_weight(report.weights)


@fragment
def show_one_weight(weights: dict[str, OneWeight]) -> None:
    """One weight's gradient as the sum of what each example asks of it."""
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
    report: UpdateReport = step.ask("update", choices.sgd_rate)
    show_answer(update_sentence(report))
    updates = {"AdamW": report.adamw, "SGD": report.sgd}
    left, right = st.columns([1, 1.2])
    with left:
        st.subheader("What the step did to the loss", anchor=False, help=NATS_HELP)
        rows = {
            "before the step": (report.loss, report.fresh_loss),
            **{f"after {name}": (update.loss, update.fresh_loss) for name, update in updates.items()},
        }
        table = pd.DataFrame.from_dict(rows, "index", columns=["this batch", "the next batch"])
        st.table(table.map(charts.format_loss))
        st.markdown(norm_sentences(report), help=CLIPPING_HELP)
        st.caption("The step was made for this batch. The next one is the fair test: nothing was learnt from it yet.")
    with right:
        st.subheader("How far each layer moved", anchor=False, help="As a share of the length of its weights.")
        moved = {
            name: {layer: far / max(report.weight_norms[layer], 1e-12) for layer, far in update.moved.items()}
            for name, update in updates.items()
        }
        draw_layers(moved, "distance moved / length of the weights", "step_moves", "Distance moved by layer")


# ---- two questions about the batch


@fragment
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
    labels = [position_label(x, y[t], t) for t in range(len(alone))]
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
    st.markdown(position_sentences(row, alone, together))


@fragment
def show_cost(step: Step) -> None:
    """The same batch in one pass and one example at a time, measured when asked."""
    if st.button("Measure it now", icon=":material/timer:", key="step_measure"):
        step.answers().pop(("cost_one_by_one",), None)
        step.ask("cost_one_by_one")
    report = step.answers().get(("cost_one_by_one",))
    if not isinstance(report, OneByOne):
        st.caption("Not measured yet for this batch. It takes well under a second at the usual sizes.")
        return
    together, apart = (float(np.median(seconds)) for seconds in (report.together_seconds, report.one_by_one_seconds))
    left, middle, right = st.columns(3)
    left.metric("In one pass", charts.format_seconds(together))
    middle.metric("One at a time", charts.format_seconds(apart))
    right.metric("Ratio", f"{apart / together:.3g}×")
    st.markdown(one_by_one_sentences(report, len(step.batch.x)))
