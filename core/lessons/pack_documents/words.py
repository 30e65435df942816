"""Packing in sentences: what was measured on the documents, and what people ask about it."""

import numpy as np

from core import charts
from core.batches import PackedBatch
from core.measure.estimate import Estimate
from core.measure.reports import Leak, PackingReport, StepTimes
from core.ui.sentences import interval

number = charts.format_significant


# ---- what was measured


def answer_sentence(lengths: list[int], num_in_text: int, batches: dict[str, PackedBatch]) -> str:
    """What padding wastes and what packing does; of documents of these lengths, and of how many they are the first."""
    padded, packed = batches["pad"], batches["best-fit"]
    rows, slots = packed.ids.shape
    return (
        f"**Padding leaves {100 * padded.waste:.1f}% of the slots empty, packing by best fit "
        f"{100 * packed.waste:.1f}%.** {documents_sentence(lengths, num_in_text)} They take "
        f"{charts.counted(rows, 'row')} of {slots:,} slots packed, and {charts.counted(padded.ids.shape[0], 'row')} of "
        f"{padded.ids.shape[1]:,} padded."
    )


def documents_sentence(lengths: list[int], num_in_text: int) -> str:
    """Of documents, and of how many they are the first."""
    documents = charts.counted(len(lengths), "document")
    verb = "has" if len(lengths) == 1 else "have"
    first = f"The first {documents} of {num_in_text:,}" if num_in_text > len(lengths) else f"The {documents}"
    length = f"{min(lengths):,} to {max(lengths):,} tokens" if len(lengths) > 1 else f"{lengths[0]:,} tokens"
    return f"{first} {verb} {length}" + (f", {sum(lengths):,} in all." if len(lengths) > 1 else ".")


def strategy_numbers(batch: PackedBatch) -> dict[str, str]:
    """What one way of packing makes of the documents, as a column of a table."""
    return {
        "rows × slots": f"{batch.ids.shape[0]:,} × {batch.ids.shape[1]:,}",
        "slots": f"{batch.num_slots:,}",
        "real tokens": f"{batch.num_tokens:,}",
        "waste": f"{100 * batch.waste:.1f}%",
        "documents cut": f"{batch.documents_cut:,}",
        "tokens cropped": f"{batch.tokens_cropped:,}",
        "targets": f"{batch.num_targets:,}",
    }


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
        f"{leak.second}, after it in the row, in nats per token?"
    )


def leak_sentences(report: PackingReport, leak: Leak) -> str:
    masked = "exactly 0" if leak.masked_moved == 0 else charts.format_tiny(leak.masked_moved)
    return (
        f"The token whose loss moved most: {masked} with the mask, {number(leak.unmasked_moved)} nats without. The "
        f"model ({charts.counted(report.num_steps, 'step')} on these documents, packed, with the mask) went from "
        f"{number(report.first_loss)} to {number(report.loss)} nats per token."
    )


def equality_sentences(report: PackingReport) -> str:
    """What was compared, packed and alone."""
    gradients = "which cannot be compared here, because padding crops a document"
    if np.isfinite(report.gradient_difference):
        gradients = "as a share of its length: float32 rounding"
    return (
        f"The {charts.counted(report.num_documents, 'document')} that share a row, with the mask, each in its row and "
        f"each alone. First: the largest difference of a logit (the largest logit is {number(report.largest_logit)}). "
        "Second: the same if positions run on through the row. Third: the difference between the padded and the packed "
        f"gradient, {gradients}."
    )


def times_sentences(times: StepTimes, gain: Estimate) -> str:
    """From the rounds; `gain` is how many times as many real tokens a second packed as padded."""
    verdict = ""
    if gain.below(1):
        verdict = " Packing is slower here."
    elif not gain.above(1):
        verdict = " It contains 1: too close to call."
    slots = times.num_tokens[1] / times.num_slots[1] / (times.num_tokens[0] / times.num_slots[0])
    return (
        f"95% t interval of the ratio over {len(times.seconds)} rounds: {interval(gain)}."
        f"{verdict} An update from {charts.counted(times.num_documents, 'document')}: {times.num_slots[0]:,} slots "
        f"padded ({times.num_tokens[0]:,} real), {times.num_slots[1]:,} packed ({times.num_tokens[1]:,} real). If time "
        f"were proportional to slots, the ratio would be {number(slots)}. On {times.device}."
    )


# ---- what people ask


def answers(batches: dict[str, PackedBatch], report: PackingReport, leak: Leak | None) -> list[str]:
    """Questions with what was measured above."""
    return [leak_answer(leak), positions_answer(report), padding_answer(batches), cutting_answer(batches, report)]


def leak_answer(leak: Leak | None) -> str:
    question = "**Do packed documents see each other?** Only if you let them. "
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
        "**Why must positions restart?** The model has a vector for each position, and learns at position 0 what a "
        "beginning looks like. "
    )
    if not np.isfinite(report.later_loss):
        return question + "Here no row contains two documents, so it makes no difference."
    return question + (
        f"With positions that run on through the row, the documents that are not first in theirs have a loss of "
        f"{charts.format_loss(report.later_running_loss)} instead of {charts.format_loss(report.later_loss)} nats per "
        "token, in this model, which was trained with positions that restart."
    )


def padding_answer(batches: dict[str, PackedBatch]) -> str:
    padded, packed = batches["pad"], batches["best-fit"]
    return (
        f"**What does padding cost?** A slot of padding takes as much work as a token, and teaches nothing: here "
        f"{100 * padded.waste:.1f}% of all slots, and {100 * packed.waste:.1f}% packed. Krell and others (2021) "
        "found up to 50% for BERT on Wikipedia, and 89% on GLUE-cola in rows of 128. Its cost in time is measured "
        "above. A very small batch also has a fixed cost, whatever is in it."
    )


def cutting_answer(batches: dict[str, PackedBatch], report: PackingReport) -> str:
    cut, packed = batches["cut"], batches["best-fit"]
    waste = f"{100 * cut.waste:.1f}%"
    if cut.waste <= min(batch.waste for batch in batches.values()):
        wastes = f"no other way wastes less (here {waste})"
    else:
        wastes = f"of a long text it wastes next to nothing (of this short one {waste}: its last row is not full)"
    text = (
        f"**Is it wrong to put documents end to end and cut?** No: {wastes}, and many models were trained this way. "
        f"But it cuts {charts.counted(cut.documents_cut, 'document')} here, best fit {packed.documents_cut:,}, and "
        "what follows a cut has lost its beginning. "
    )
    if report.num_behind_cuts:
        text += (
            f"Measured on {charts.counted(report.num_behind_cuts, 'target')} right after a cut: "
            f"{number(report.without_context)} nats per token without the beginning, {number(report.with_context)} "
            "with it. (Ding and others 2024 pack by best fit to avoid such cuts.)"
        )
    return text
