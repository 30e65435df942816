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


def test_the_answer_is_what_padding_leaves_empty_and_what_packing_does():
    # 4 rows of 11 slots for 28 letters: 16 of 44 are empty. Packed, 28 of 2 rows of 16: 4 of 32.
    assert words.answer_sentence([4, 8, 5, 11], 4, BATCHES) == (
        "**Padding leaves 36.4% of the slots empty, packing by best fit 12.5%.** The 4 documents have 4 to 11 tokens, "
        "28 in all. They take 2 rows of 16 slots packed, and 4 rows of 11 padded."
    )


def test_documents_are_counted_and_so_are_those_left_out():
    assert words.documents_sentence([4, 11], 2) == "The 2 documents have 4 to 11 tokens, 15 in all."
    assert words.documents_sentence([4, 11], 1000).startswith("The first 2 documents of 1,000 have 4 to 11 tokens")
    assert words.documents_sentence([4], 1) == "The 1 document has 4 tokens."


def test_a_way_of_packing_in_numbers():
    assert words.strategy_numbers(BATCHES["pad"]) == {
        "rows × slots": "4 × 11", "slots": "44", "real tokens": "28", "waste": "36.4%", "documents cut": "0",
        "tokens cropped": "0", "targets": "24",
    }  # fmt: skip


def test_a_leak_is_exactly_zero_with_the_mask_or_a_number():
    text = words.leak_sentences(REPORT, LEAK)
    assert text.startswith("The token whose loss moved most: exactly 0 with the mask, 1.25 nats without. The model (")
    assert text.endswith("went from 3.25 to 0.500 nats per token.")
    assert "exactly" not in words.leak_sentences(REPORT, replace(LEAK, masked_moved=1e-3))
    assert words.edit_sentences(LEAK).startswith("**Every token of document 2 is replaced by another.** How far")


def test_gradients_are_compared_where_no_document_is_cropped():
    assert "as a share of its length: float32 rounding." in words.equality_sentences(REPORT)
    assert "padding crops a document." in words.equality_sentences(replace(REPORT, gradient_difference=np.nan))


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (Estimate(2.0, 1.5, 2.5), "1.50 to 2.50. An"),
        (Estimate(1.0, 0.9, 1.1), "0.900 to 1.10. It contains 1: too close to call. An"),
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
    assert "here 36.4% of all slots, and 12.5% packed" in padding  # 28 of 44, 28 of 32
    assert "no other way wastes less (here 12.5%)" in cutting and "3 targets right after a cut: 2.50 nats" in cutting


def test_the_answers_say_what_could_not_be_measured():
    leak, positions, _, cutting = words.answers(
        BATCHES, replace(REPORT, later_loss=np.nan, num_behind_cuts=0), leak=None
    )
    assert "Choose a row with two documents" in leak and "makes no difference" in positions
    assert cutting.endswith("has lost its beginning. ")
