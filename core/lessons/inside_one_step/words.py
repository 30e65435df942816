"""A training step in sentences: its gradients, its update, and two questions about the batch."""

import numpy as np

from core import charts
from core.measure.reports import GradientReport, OneByOne, Update, UpdateReport

number = charts.format_significant


def gradient_sentences(report: GradientReport) -> str:
    """How the gradients of the examples make the batch's."""
    lengths = report.norms
    if len(lengths) == 1:
        return "With a single example there is nothing to average: its gradient is the batch's, noise and all."
    return (
        f"The {len(lengths):,} examples pull in different directions; what they disagree on cancels, so their mean "
        f"is **{number(lengths.mean() / report.norm)} times shorter** than one of them is on average. The mean of "
        f"the {len(lengths):,} gradients, each from a backward pass of its own, is the batch's gradient: the "
        f"largest difference is {charts.format_tiny(report.largest_difference)} of its length."
    )


def norm_sentences(report: UpdateReport) -> str:
    """What both rules start from."""
    clipped = f", clipped to {report.clipped_to:.3g}" if report.clipped_to < 0.999 * report.norm else ""
    return f"The gradient's length is {report.norm:.3g}{clipped}. Both rules start from the same weights and use it."


def change_sentence(name: str, update: Update, report: UpdateReport) -> str:
    """What the update of the optimizer of that name did to the loss."""
    same, fresh = (
        charts.format_loss(change, "+") for change in (update.loss - report.loss, update.fresh_loss - report.fresh_loss)
    )
    return f"{name}: {same} on this batch, {fresh} on the next."


def position_label(inputs: list[str], target: str, position: int) -> str:
    """What a position is asked, with up to twelve tokens before it; from a row's tokens."""
    return f"after “{''.join(inputs[max(0, position - 11) : position + 1])}” comes “{target}”"


def position_sentences(row: int, alone: np.ndarray, together: np.ndarray) -> str:
    """The losses of a row's first positions (N,), each taken by itself, beside those of one pass over the row (T,)."""
    total, count = float(alone.sum(dtype=float)), len(alone)
    some = "" if count == len(together) else f" (its first {count} of {len(together)} positions)"
    return (
        f"Row {row}{some} was run as **{charts.counted(count, 'separate question')}**: every prefix of it through the "
        f"model alone, asked for one next token. The losses add up to {total:.4f} nats; divided by {count}: "
        f"**{total / count:.4f}** nats per token. One pass over the whole row gives "
        f"**{together[:count].mean(dtype=float):.4f}**; position by position the two differ by at most "
        f"{charts.format_tiny(float(np.abs(alone - together[:count]).max()))}."
    )


def one_by_one_sentences(report: OneByOne, batch_size: int) -> str:
    """The same batch in one go and one example at a time."""
    together, apart = np.asarray(report.together_seconds), np.asarray(report.one_by_one_seconds)
    ratios = apart / together
    return (
        f"Forward and backward, {len(together)} time{'s' if len(together) > 1 else ''} each way, in turn; medians, and "
        f"their ratio; turn by turn it went from {ratios.min():.3g} to {ratios.max():.3g}. "
        f"The loss is **{report.loss:.4f}** in one go and **{report.mean_loss:.4f}** as the mean of {batch_size:,}; "
        f"the gradients differ by at most {charts.format_tiny(report.largest_difference)} of their length. Same "
        "result, other price."
    )
