"""Pack documents: rows of equal length from documents of uneven length."""

import streamlit as st

from core.corpus import NoText
from core.lab.cluster import LabError
from core.lessons.pack_documents.view import (
    choose_documents,
    choose_row,
    report_of,
    row_table,
    show_equality,
    show_leak,
    show_mask,
    show_rows,
    show_strategies,
)
from core.lessons.pack_documents.view_speed import show_speed
from core.lessons.pack_documents.words import answer_sentence, answers
from core.settings.declared import ATTENTION, TOKENIZER_TITLES
from core.ui.guess import Question
from core.ui.packing import current_documents, current_packing, pack_all
from core.ui.page import folded, open_page, show_answer, show_error
from core.ui.settings import choose_device
from core.ui.take_away import take_away

choices = open_page(
    "What fills a batch when documents differ in length?",
    """A batch is a rectangle, and documents are not equally long. **Padding** fills the rest of each row with empty slots. **Packing** puts
several documents into one row.""",
    Question("What share of the slots does padding leave empty?", unit="percent"),
)

TOKENIZER_NAMES = TOKENIZER_TITLES | {"bpe": "BPE, trained on these"}
with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.select("documents", width=270)
    choices.select("tokenizer", format_func=TOKENIZER_NAMES.get, width=200)
    choices.number("row_length", width=170)
    with st.popover("Model and seed"):
        choices.select("packing_model")
        choices.number("seed", "Seed: of the first weights and of the edit")
        choose_device(choices)
choose_documents(choices)

try:
    packing = current_packing(choices.settings)
    batches = pack_all(packing)
except NoText:  # the field says so
    st.stop()
except ValueError as error:
    show_error(error)
    st.stop()

show_answer(answer_sentence([len(ids) for ids in packing.ids], packing.num_in_text, batches))
with st.container(horizontal=True, vertical_alignment="center"):
    st.subheader("The rows, slot by slot", anchor=False, width="content")
    choices.segments("packing_strategy", label_visibility="collapsed")
show_rows(packing, batches[choices.packing_strategy])
with folded("The three ways in numbers", "packing_numbers") as shown:
    if shown:
        show_strategies(batches)

st.subheader("Do documents in one row leave each other alone?", anchor=False)
packed = batches["best-fit"]
try:
    report = report_of(packing)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()
row_side, attention_side = st.columns([1, 3], gap="medium")
with row_side:
    row = choose_row(choices, report)
with attention_side:
    choices.segments("attention")
picture, figures = st.columns([1, 1.5], gap="medium")
masked = choices.attention == ATTENTION[0]
with picture:
    show_mask(packed, row, masked)
with figures:
    leak = show_leak(report, row, masked)
with folded("Is a packed document computed as if it were alone?", "packing_equality") as shown:
    if shown:
        show_equality(report)
with folded(f"Row {row}, slot by slot", "packing_row") as shown:
    if shown:
        st.dataframe(row_table(packing, packed, row), hide_index=True, height=320)
with folded("What does padding cost in time?", "packing_speed") as shown:
    if shown:
        show_speed(packing)
with folded("What people ask", "packing_questions") as shown:
    if shown:
        st.markdown("\n".join(f"- {answer}" for answer in answers(batches, report, leak)))
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Four words**: 4, 8, 5 and 11 letters. Padded to 11 they take 44 slots, 28 of them real. Count them.
- **Let attention look at the whole row** and watch the picture and the two numbers: the loss of the second document now depends on the first.
- **Make the rows shorter.** Padding crops what is too long; cutting cuts more; best fit cuts only what is longer than a row.
- **The last token of a document has no target.** The next document is no answer to it. (Many real pipelines put an end-of-text token there.)
- **A tiny batch**: where all documents fit into a few slots, the fixed cost of an update hides the gain.
"""
    )
take_away(choices, "pack_documents", own=current_documents)
