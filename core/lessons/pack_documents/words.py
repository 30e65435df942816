"""Packing in sentences: what was measured on the documents at hand, and what people ask about it."""

import numpy as np

from core import charts
from core.batches import PackedBatch
from core.measure.estimate import Estimate
from core.measure.reports import Leak, PackingReport, StepTimes
from core.ui.sentences import interval

number = charts.format_significant


# ---- what was measured


def documents_sentence(lengths: list[int], num_in_text: int) -> str:
    """Of documents, and of how many they are the first."""
    more = f" (the first of the {num_in_text:,} that the text has)" if num_in_text > len(lengths) else ""
    return (
        f"**{charts.counted(len(lengths), 'document')}** of {min(lengths):,} to {max(lengths):,} tokens{more}, "
        f"{sum(lengths):,} in all."
    )


def own_text_sentence(used_elsewhere: bool, used_here: bool, num_documents: int) -> str:
    """Whether this page reads the same text as the others, and if not, why not. Empty where there is nothing to say."""
    if used_here:
        one = "Your own text is one document here, and packing needs several. "
        apart = "Documents stand apart by blank lines; or by lines of `---`, where there are any."
        return one * (num_documents == 1) + apart
    if used_elsewhere:
        return "The other pages read your own text. These are other documents: choose **Your own text** to pack it too."
    return ""


def edit_sentences(leak: Leak) -> str:
    return (
        f"**Every token of document {leak.first} is replaced by another.** How far does that move the loss of document "
        f"{leak.second}, behind it in the row, in nats per token?"
    )


def leak_sentences(report: PackingReport, leak: Leak) -> str:
    masked = "exactly 0" if leak.masked_moved == 0 else charts.format_tiny(leak.masked_moved)
    return (
        f"The token whose loss moved most: {masked} with the mask, {number(leak.unmasked_moved)} nats without. The "
        f"model ({charts.counted(report.num_steps, 'step')} on these documents, packed, with the mask) came from "
        f"{number(report.first_loss)} to {number(report.loss)} nats per token."
    )


def equality_sentences(report: PackingReport) -> str:
    """What was held against what, packed and alone."""
    gradients = "which cannot be compared here, because padding crops a document"
    if np.isfinite(report.gradient_difference):
        gradients = "as a share of its length; what is left of it is the rounding of float32"
    return (
        f"{charts.counted(report.num_documents, 'document')}, those that share a row, with the mask, each in its row "
        f"and each alone: the largest difference of a logit (the largest logit is {number(report.largest_logit)}); the "
        f"same where positions run on through the row. And the difference of the gradients, padded against packed, "
        f"{gradients}."
    )


def times_sentences(times: StepTimes, gain: Estimate) -> str:
    """From the rounds; `gain` is how many times as many real tokens a second packed as padded."""
    verdict = ""
    if gain.below(1):
        verdict = " Packing is slower here."
    elif not gain.above(1):
        verdict = " It holds 1: whether packing is faster cannot be told here."
    slots = times.num_tokens[1] / times.num_slots[1] / (times.num_tokens[0] / times.num_slots[0])
    return (
        f"95% t interval of the ratio over {len(times.seconds)} rounds: {interval(gain)}."
        f"{verdict} An update from {charts.counted(times.num_documents, 'document')}: {times.num_slots[0]:,} slots "
        f"padded ({times.num_tokens[0]:,} real), {times.num_slots[1]:,} packed ({times.num_tokens[1]:,} real); if time "
        f"went by the slot, the ratio would be {number(slots)}. On {times.device}."
    )


# ---- what people ask


def answers(batches: dict[str, PackedBatch], report: PackingReport, leak: Leak | None) -> list[str]:
    """Questions with what was measured above."""
    return [leak_answer(leak), positions_answer(report), padding_answer(batches), cutting_answer(batches, report)]


def leak_answer(leak: Leak | None) -> str:
    question = "**Do packed documents see each other?** Only if they are let. "
    if leak is None:
        return question + "Choose a row with two documents above to see how far one moves the other."
    kept = "not at all" if leak.masked_moved == 0 else f"by {charts.format_tiny(leak.masked_moved)} nats at most"
    return question + (
        f"With a mask that ends at the document, a changed document {leak.first} moved the losses of document "
        f"{leak.second} {kept}. Without it, its loss went from {charts.format_loss(leak.unmasked)} to "
        f"{charts.format_loss(leak.unmasked_after)} nats per token."
    )


def positions_answer(report: PackingReport) -> str:
    question = (
        "**Why must positions restart?** The model has a vector for each position, and learns from position 0 what a "
        "beginning looks like. "
    )
    if not np.isfinite(report.later_loss):
        return question + "Here no row holds two documents, so it makes no difference."
    return question + (
        f"With positions that run on through the row, the documents that are not first in theirs have a loss of "
        f"{charts.format_loss(report.later_running_loss)} instead of {charts.format_loss(report.later_loss)} nats per "
        "token, in this model, which was trained with positions that restart."
    )


def padding_answer(batches: dict[str, PackedBatch]) -> str:
    padded, packed = batches["pad"], batches["best-fit"]
    return (
        f"**What does padding cost?** A slot of padding takes as much work as a token, and teaches nothing: here "
        f"{100 * padded.waste:.1f}% of all slots, against {100 * packed.waste:.1f}% packed. Krell and others (2021) "
        "found up to 50% for BERT on Wikipedia, and 89% on GLUE-cola in rows of 128. What it costs in time is measured "
        "above; a very short batch has a price of its own, whatever is in it."
    )


def cutting_answer(batches: dict[str, PackedBatch], report: PackingReport) -> str:
    cut, packed = batches["cut"], batches["best-fit"]
    waste = f"{100 * cut.waste:.1f}%"
    if cut.waste <= min(batch.waste for batch in batches.values()):
        wastes = f"nothing wastes less (here {waste})"
    else:
        wastes = f"of a long text it wastes next to nothing (of this short one {waste}: its last row is not full)"
    text = (
        f"**Is it wrong to put documents end to end and cut?** No: {wastes}, and many models were trained so. But it "
        f"cuts {charts.counted(cut.documents_cut, 'document')} here, best fit {packed.documents_cut:,}, and what "
        "follows a cut has lost its beginning. "
    )
    if report.num_behind_cuts:
        text += (
            f"Measured on {charts.counted(report.num_behind_cuts, 'target')} next behind a cut: "
            f"{number(report.without_context)} nats per token without the beginning, {number(report.with_context)} "
            "with it. (Ding and others 2024 pack by best fit to avoid such cuts.)"
        )
    return text
