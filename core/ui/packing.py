"""The documents that a visitor has chosen, as token ids, packed by every strategy; the model that is to read them."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.batches import PACKERS, PackedBatch, pack
from core.corpus import FOUR, NoText, Tokenizer, clean_text, first_documents, samples, split_documents
from core.export.lesson import DocumentsSpec
from core.model import GPTConfig
from core.settings.limits import MODEL_SIZES
from core.settings.values import Settings
from core.ui.lab import cached_corpus
from core.ui.texts import pasted_text


@dataclass(frozen=True)
class Packing:
    """The documents as token ids, and the model."""

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


def current_packing(settings: Settings) -> Packing:
    """The documents and the model of the settings. Raises ValueError, with a sentence, where they cannot be packed, and
    NoText where they are the visitor's own and there are none yet."""
    name = settings.documents
    if name == "pasted" and not pasted_text():
        raise NoText("There is no document yet.")
    text = FOUR if name == "four" else pasted_text() if name == "pasted" else samples()[name].text
    all_documents = split_documents(clean_text(text)[0])
    documents = first_documents(all_documents)
    tokenizer = cached_corpus("\n".join(documents), settings.tokenizer, 0.0).tokenizer
    layers, heads, channels = MODEL_SIZES[settings.packing_model]
    config = GPTConfig(
        vocab_size=tokenizer.vocab_size,
        block_size=settings.row_length,
        n_layer=layers,
        n_head=heads,
        n_embd=channels,
    )
    ids = tuple(tokenizer.encode(document) for document in documents)
    return Packing(documents, len(all_documents), tokenizer, ids, config, settings.seed, settings.device)


def current_documents(settings: Settings, text: str = "") -> DocumentsSpec:
    """The same, to be taken away."""
    packing = current_packing(settings)
    tokens = tuple(packing.tokenizer.show(i) for i in range(packing.tokenizer.vocab_size))
    return DocumentsSpec(documents=packing.ids, tokens=tokens, gpt_config=packing.config)


@st.cache_resource(max_entries=6, show_spinner=False)
def batches_of(documents: tuple[str, ...], _ids: tuple[np.ndarray, ...], tokenizer: str, row_length: int):
    """The documents packed by every strategy."""
    return {strategy: pack(_ids, row_length, strategy) for strategy in PACKERS}


def pack_all(packing: Packing) -> dict[str, PackedBatch]:
    return batches_of(packing.documents, packing.ids, packing.tokenizer.name, packing.row_length)
