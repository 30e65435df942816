"""Packing in sentences, from reports that are written by hand."""

from dataclasses import replace

import numpy as np
import pytest

from core.batches import PACKERS, pack
from core.lessons.pack_documents import words
from core.measure.estimate import Estimate
from core.measure.reports import Leak, PackingReport, StepTimes

LEAK = Leak(
    row=0, first=2, second=3, masked=2.0, masked_after=2.0, masked_moved=0.0, unmasked=2.0, unmasked_after=2.5,
    unmasked_moved=1.25,
)  # fmt: skip
REPORT = PackingReport(
    num_steps=100, first_loss=3.25, loss=0.5, num_documents=4, largest_difference=1e-6, largest_logit=8.5,
    running_difference=2.0, later_loss=1.0, later_running_loss=3.0, later_unmasked_loss=2.0, gradient_difference=1e-7,
    num_behind_cuts=3, with_context=1.5, without_context=2.5, leaks=(LEAK,),
)  # fmt: skip
BATCHES = {strategy: pack([np.arange(n) for n in (4, 8, 5, 11)], 16, strategy) for strategy in PACKERS}


def test_documents_are_counted_and_those_left_out_are_said():
    assert words.documents_sentence([4, 11], 2) == "**2 documents** of 4 to 11 tokens, 15 in all."
    assert "11 tokens (the first of the 1,000 that the text has), 15" in words.documents_sentence([4, 11], 1000)


def test_a_leak_is_exactly_zero_with_the_mask_or_told_as_a_number():
    text = words.leak_sentences(REPORT, LEAK)
    assert text.startswith("The token whose loss moved most: exactly 0 with the mask, 1.25 nats without. The model (")
    assert text.endswith("came from 3.25 to 0.500 nats per token.")
    assert "exactly" not in words.leak_sentences(REPORT, replace(LEAK, masked_moved=1e-3))
    assert words.edit_sentences(LEAK).startswith("**Every token of document 2 is replaced by another.** How far")


def test_gradients_are_compared_where_no_document_is_cropped():
    assert "the rounding of float32." in words.equality_sentences(REPORT)
    assert "padding crops a document." in words.equality_sentences(replace(REPORT, gradient_difference=np.nan))


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (Estimate(2.0, 1.5, 2.5), "1.50 to 2.50. An"),
        (Estimate(1.0, 0.9, 1.1), "0.900 to 1.10. It holds 1: whether packing is faster cannot be told here. An"),
        (Estimate(0.5, 0.4, 0.6), "0.400 to 0.600. Packing is slower here. An"),
    ],
)
def test_times_say_whether_packing_is_faster(gain, verdict):
    times = StepTimes("cpu", 4, (44, 32), (28, 28), ((1.0, 0.5), (1.0, 0.5)))
    text = words.times_sentences(times, gain)
    assert f"over 2 rounds: {verdict} update from 4 documents: 44 slots padded (28 real), 32 packed" in text
    assert text.endswith("the ratio would be 1.38. On cpu.")  # 44 / 32


def test_the_answers_say_what_was_measured():
    leak, positions, padding, cutting = words.answers(BATCHES, REPORT, LEAK)
    assert "moved the losses of document 3 not at all." in leak and "from 2.0000 to 2.5000" in leak
    assert "a loss of 3.0000 instead of 1.0000 nats" in positions
    assert "here 36.4% of all slots, against 12.5% packed" in padding  # 28 of 44, 28 of 32
    assert "nothing wastes less (here 12.5%)" in cutting and "3 targets next behind a cut: 2.50 nats" in cutting


def test_the_answers_say_what_could_not_be_measured():
    leak, positions, _, cutting = words.answers(
        BATCHES, replace(REPORT, later_loss=np.nan, num_behind_cuts=0), leak=None
    )
    assert "Choose a row with two documents" in leak and "makes no difference" in positions
    assert cutting.endswith("has lost its beginning. ")
