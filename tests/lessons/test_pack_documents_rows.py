"""Packed rows as HTML, and the tables of one row."""

import re

import numpy as np
import pytest

from core.batches import pack
from core.charts import OTHERS, OWN
from core.corpus import build_corpus
from core.lessons.pack_documents.rows import rows_html
from core.lessons.pack_documents.view import mask_tables

DOCUMENTS = ("ab", "<script>alert(1)</script>", "nul\x00 esc\x1b", "👨‍👩‍👧")


def drawn(strategy="best-fit", row_length=32, tokenizer="char"):
    fitted = build_corpus("\n".join(DOCUMENTS), tokenizer, 0).tokenizer
    ids = [fitted.encode(document) for document in DOCUMENTS]
    batch = pack(ids, row_length, strategy)
    return batch, rows_html(batch, fitted, [len(each) for each in ids], range(len(batch.plan)), "light")


@pytest.mark.parametrize("tokenizer", ["char", "byte", "bpe"])
def test_text_is_escaped(tokenizer):
    _, html = drawn(tokenizer=tokenizer)
    assert "<script" not in html and "&lt;" in html
    assert "\x00" not in html and "\\x00" in html


def test_a_span_for_every_slot():
    batch, html = drawn("pad")
    assert html.count("<i>") == batch.num_tokens
    padding = "".join(re.findall(r'class="pad"[^>]*>(\.+)<', html))
    assert len(padding) == batch.num_slots - batch.num_tokens > 0


def test_a_piece_says_which_of_its_document_s_tokens_it_has():
    _, html = drawn("cut", row_length=10)
    assert "<b>0</b>" in html and "<b>1: 0–7</b>" in html  # 2 of the first and 8 of the second fill the first row


def test_the_mask_s_lines_by_hand():
    batch = pack([np.arange(3), np.arange(2)], 6)  # one row: 3, 2, and a slot of padding
    looks, edges, names = mask_tables(batch, 0, masked=True)
    assert looks[["query", "first", "last"]].to_numpy().tolist() == [
        [0, 0, 0],
        [1, 0, 1],
        [2, 0, 2],
        [3, 3, 3],
        [4, 3, 4],
    ]
    assert edges["slot"].tolist() == [3] and set(looks["kind"]) == {OWN}
    assert names.to_numpy().tolist() == [[1.5, "doc 0"], [4.0, "doc 1"]]


def test_without_the_mask_a_slot_looks_at_all_before_it():
    looks, *_ = mask_tables(pack([np.arange(3), np.arange(2)], 6), 0, masked=False)
    across = looks[looks["kind"] == OTHERS]
    assert across[["query", "first", "last"]].to_numpy().tolist() == [[3, 0, 2], [4, 0, 2]]
