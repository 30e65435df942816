"""The documents at hand: as token ids, packed in every way, and what a small model says of them packed."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.batches import WAYS, PackedBatch, pack
from core.corpus import FOUR, Tokenizer, clean_text, first_documents, samples, split_documents
from core.export.lesson import DocumentsSpec
from core.measure.reports import PackingReport
from core.model import GPTConfig
from core.settings.limits import MODEL_SIZES
from core.ui.choices import Choices
from core.ui.lab import cached_corpus, server
from core.ui.texts import pasted_text


@dataclass(frozen=True)
class Packing:
    """The documents at hand as token ids, and the model that is to read them."""

    documents: tuple[str, ...]
    num_in_text: int  # of which these are the first
    tokenizer: Tokenizer
    ids: tuple[np.ndarray, ...]  # (N,) each
    config: GPTConfig
    seed: int
    device: str

    @property
    def row_length(self) -> int:
        return self.config.block_size

    @property
    def key(self) -> tuple:
        return self.documents, self.tokenizer.name, self.config, self.seed, self.device


def current_packing(choices: Choices) -> Packing:
    """The documents and the model of the choices. Raises ValueError, with a sentence, where they cannot be packed."""
    name = choices.documents
    text = FOUR if name == "four" else pasted_text() if name == "pasted" else samples()[name].text
    all_documents = split_documents(clean_text(text)[0])
    documents = first_documents(all_documents)
    tokenizer = cached_corpus("\n".join(documents), choices.tokenizer, 0.0).tokenizer
    layers, heads, channels = MODEL_SIZES[choices.packing_model]
    config = GPTConfig(
        vocab_size=tokenizer.vocab_size,
        block_size=choices.row_length,
        n_layer=layers,
        n_head=heads,
        n_embd=channels,
    )
    ids = tuple(tokenizer.encode(document) for document in documents)
    return Packing(documents, len(all_documents), tokenizer, ids, config, choices.seed, choices.device)


def current_documents(choices: Choices, text: str = "") -> DocumentsSpec:
    """The same, to be taken away."""
    packing = current_packing(choices)
    tokens = tuple(packing.tokenizer.show(i) for i in range(packing.tokenizer.vocab_size))
    return DocumentsSpec(documents=packing.ids, tokens=tokens, gpt_config=packing.config)


@st.cache_resource(max_entries=6, show_spinner=False)
def batches_of(documents: tuple[str, ...], _ids: tuple[np.ndarray, ...], tokenizer: str, row_length: int):
    """The documents packed in every way."""
    return {way: pack(_ids, row_length, way) for way in WAYS}


def pack_all(packing: Packing) -> dict[str, PackedBatch]:
    return batches_of(packing.documents, packing.ids, packing.tokenizer.name, packing.row_length)


def report_of(packing: Packing) -> PackingReport:
    """What a model says that was trained on the documents for a moment. Raises ValueError or LabError."""
    return cached_report(*packing.key, packing.ids)  # type: ignore[call-arg]  # its key is as long as it takes


@st.cache_data(max_entries=100, show_spinner="Training a small model for a moment …")
def cached_report(documents, tokenizer: str, config: GPTConfig, seed: int, device: str, _ids) -> PackingReport:
    return server().lab.call("core.calls.packing:prove", list(_ids), config, seed, device)
