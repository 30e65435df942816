"""What people ask about packing, answered with what was measured on the documents at hand."""

import numpy as np

from core import charts
from core.batches import PackedBatch
from core.measure.reports import Leak, PackingReport

number = charts.format_significant


def answers(batches: dict[str, PackedBatch], report: PackingReport, leak: Leak | None) -> list[str]:
    """Questions with what was measured above."""
    return [see_each_other(leak), restart(report), costs(batches), cutting(batches, report)]


def see_each_other(leak: Leak | None) -> str:
    question = "**Do packed documents see each other?** Only if they are let. "
    if leak is None:
        return question + "Choose a row with two documents above to see how far one moves the other."
    kept = "not at all" if leak.masked_moved == 0 else f"by {charts.format_tiny(leak.masked_moved)} nats at most"
    return question + (
        f"With a mask that ends at the document, a changed document {leak.first} moved the losses of document "
        f"{leak.second} {kept}. Without it, its loss went from {charts.format_loss(leak.unmasked)} to "
        f"{charts.format_loss(leak.unmasked_after)} nats per token."
    )


def restart(report: PackingReport) -> str:
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


def costs(batches: dict[str, PackedBatch]) -> str:
    padded, packed = batches["pad"], batches["best-fit"]
    return (
        f"**What does padding cost?** A slot of padding takes as much work as a token, and teaches nothing: here "
        f"{100 * padded.waste:.1f}% of all slots, against {100 * packed.waste:.1f}% packed. Krell and others (2021) "
        "found up to 50% for BERT on Wikipedia, and 89% on GLUE-cola in rows of 128. What it costs in time is measured "
        "above; a very short batch has a price of its own, whatever is in it."
    )


def cutting(batches: dict[str, PackedBatch], report: PackingReport) -> str:
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
