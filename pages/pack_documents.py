"""Pack documents: rows of equal length from documents of uneven length."""

import streamlit as st

from core.corpus import NoText
from core.lab.cluster import LabError
from core.lessons.pack_documents.view import (
    choose_documents,
    choose_row,
    report_of,
    row_table,
    show_documents,
    show_equality,
    show_leak,
    show_mask,
    show_rows,
    show_strategies,
)
from core.lessons.pack_documents.view_speed import show_speed
from core.lessons.pack_documents.words import answers
from core.settings.declared import ATTENTION, TOKENIZER_TITLES
from core.ui.packing import current_documents, current_packing, pack_all
from core.ui.page import open_page, show_error
from core.ui.settings import choose_device
from core.ui.take_away import take_away

choices = open_page(
    "What fills a batch when documents differ in length?",
    """A batch is a rectangle, and documents are not equally long. **Padding** fills the rest of each row with nothing. **Packing** puts
several documents into one row. Then no document may look at its neighbour, and each must begin at position 0.""",
)

TOKENIZER_NAMES = TOKENIZER_TITLES | {"bpe": "BPE, trained on these"}
with st.container(horizontal=True, vertical_alignment="bottom"):
    choices.select("documents", width=330)
    choices.select("tokenizer", format_func=TOKENIZER_NAMES.get, width=210)
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

show_documents(packing)
show_strategies(batches)
choices.segments("packing_strategy")
show_rows(packing, batches[choices.packing_strategy])

st.subheader("Do documents in one row leave each other alone?", anchor=False)
packed = batches["best-fit"]
try:
    report = report_of(packing)
except (ValueError, LabError) as error:
    show_error(error)
    st.stop()
picture, figures = st.columns([1, 1.5], gap="medium")
with picture:
    row = choose_row(choices, report)
    choices.segments("attention")
masked = choices.attention == ATTENTION[0]
with picture:
    show_mask(packed, row, masked)
with figures:
    leak = show_leak(report, row, masked)
    show_equality(report)
with st.expander(f"Row {row}, slot by slot"):
    st.dataframe(row_table(packing, packed, row), hide_index=True, height=320)

st.subheader("What does padding cost in time?", anchor=False)
show_speed(packing)

st.subheader("What people ask", anchor=False)
st.markdown("\n".join(f"- {answer}" for answer in answers(batches, report, leak)))
with st.expander("What to look for, and what to try"):
    st.markdown(
        """
- **Four words**: 4, 8, 5 and 11 letters. Padded to 11 they take 44 slots, 28 of them real. Count them.
- **Let attention look at the whole row** and watch the picture and the two figures: the loss of the second document now depends on the first.
- **Make the rows shorter.** Padding crops what is too long; cutting cuts more; best fit cuts only what is longer than a row.
- **The last token of a document has no target.** Nothing follows it: the next document is no answer. (Many real pipelines put an end-of-text token there.)
- **A tiny batch**: where all documents fit into a few slots, an update's fixed costs hide the gain.
"""
    )
take_away(choices, "pack_documents", own=current_documents)
