"""A training step in sentences: its five stages, and two questions about the batch."""

import math

import numpy as np

from core import charts
from core.measure.reports import GradientReport, OneByOne, Update, UpdateReport

number = charts.format_significant


# ---- the five stages


def batch_sentence(num_tokens: int, shape: tuple[int, int], seed: int, step: int) -> str:
    """What is picked, and what decides it."""
    return (
        f"From {num_tokens:,} tokens, step {step:,} picks **{charts.counted(shape[0], 'window')}**: x and y, each "
        f"(B, T) = ({shape[0]}, {shape[1]}). Only the seed ({seed}) and the step number decide which, so you get "
        "the same batch on any machine."
    )


def forward_sentence(losses: np.ndarray, vocab_size: int) -> str:
    """What goes in and comes out, and how likely the right tokens are; from all losses (B, T)."""
    (B, T), V = losses.shape, vocab_size
    right = 100 * float(np.exp(-losses.astype(float)).mean())
    return (
        f"x, (B, T) = ({B}, {T}), becomes logits, (B, T, V) = ({B}, {T}, {V}): a score for every possible next token, "
        f"at every position. As probabilities, they give the right token **{number(right)}%** on average; a blind "
        f"guess, 1 / V, gives {number(100 / V)}%."
    )


def loss_sentence(loss: float, shape: tuple[int, int], vocab_size: int) -> str:
    """The loss token by token, and the one number that training takes of it."""
    B, T = shape
    return (
        f"The loss of this step, as training takes it: **{loss:.4f}** nats per token. It is the mean of {B} × {T} = "
        f"{B * T:,} losses, taken **token by token**: −ln of the probability that the right token got. A blind guess "
        f"has ln V = {math.log(vocab_size):.4f}."
    )


def gradient_sentences(report: GradientReport) -> str:
    """How the gradients of the examples make the batch's."""
    lengths = report.norms
    if len(lengths) == 1:
        return "With a single example there is nothing to average: its gradient is the batch's, with all its noise."
    return (
        f"The {len(lengths):,} examples pull in different directions. What they disagree on cancels, so their mean "
        f"is **{number(lengths.mean() / report.norm)} times shorter** than one of them on average. The mean of the "
        f"{len(lengths):,} gradients, each from its own backward pass, is the batch's gradient: the largest difference "
        f"is {charts.format_tiny(report.largest_difference)} of its length."
    )


def update_sentence(report: UpdateReport) -> str:
    """What both optimizers' steps did to the loss."""
    return f"{change_sentence('AdamW', report.adamw, report)} {change_sentence('SGD', report.sgd, report)}"


def norm_sentences(report: UpdateReport) -> str:
    """What both rules start from."""
    clipped = f", clipped to {report.clipped_to:.3g}" if report.clipped_to < 0.999 * report.norm else ""
    return f"The gradient's length is {report.norm:.3g}{clipped}. Both rules start from the same weights and use it."


def change_sentence(name: str, update: Update, report: UpdateReport) -> str:
    """What the update of the optimizer of that name did to the loss."""
    same, fresh = (
        charts.format_loss(change, "+") for change in (update.loss - report.loss, update.fresh_loss - report.fresh_loss)
    )
    return f"{name} changes the loss by **{same}** on this batch and by **{fresh}** on the next (nats per token)."


def position_label(inputs: list[str], target: str, position: int) -> str:
    """What a position is asked, with up to twelve tokens before it; from a row's tokens."""
    return f"after “{''.join(inputs[max(0, position - 11) : position + 1])}” comes “{target}”"


def position_sentences(row: int, alone: np.ndarray, together: np.ndarray) -> str:
    """The losses of a row's first positions (N,), each taken by itself, and those of one pass over the row (T,)."""
    total, count = float(alone.sum(dtype=float)), len(alone)
    some = "" if count == len(together) else f" (its first {count} of {len(together)} positions)"
    return (
        f"Row {row}{some} was run as **{charts.counted(count, 'separate question')}**: every prefix of it went through "
        f"the model alone, for one next token. The losses add up to {total:.4f} nats; divided by {count}: "
        f"**{total / count:.4f}** nats per token. One pass over the whole row gives "
        f"**{together[:count].mean(dtype=float):.4f}**; position by position the two differ by at most "
        f"{charts.format_tiny(float(np.abs(alone - together[:count]).max()))}."
    )


def one_by_one_sentences(report: OneByOne, batch_size: int) -> str:
    """The same batch in one pass and one example at a time."""
    together, apart = np.asarray(report.together_seconds), np.asarray(report.one_by_one_seconds)
    ratios = apart / together
    return (
        f"Forward and backward, {charts.counted(len(together), 'time')} each way, in turn. Shown are medians and their "
        f"ratio; turn by turn it went from {ratios.min():.3g} to {ratios.max():.3g}. "
        f"The loss is **{report.loss:.4f}** in one pass and **{report.mean_loss:.4f}** as the mean of {batch_size:,}; "
        f"the gradients differ by at most {charts.format_tiny(report.largest_difference)} of their length: the "
        "same result at a different cost."
    )
