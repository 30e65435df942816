"""
Text in, token ids out. To be read in this order:

    text.py        what characters come in, and how they are drawn
    vocabulary.py  characters to numbers and back: char, byte, bpe
    corpus.py      a text, cut into a training part and a validation part
    languages.py   made-up languages of known entropy
    samples.py     the texts in the menu
    documents.py   a text as documents of uneven length

    corpus = build_corpus(samples()["lighthouse"].text, tokenizer="char")
    corpus.train_ids[:5]

Knows nothing of windows, batches, models or pages.
"""

from core.corpus.corpus import Corpus, NoText, build_corpus, check_block_size
from core.corpus.documents import DOCUMENT_SOURCES, FOUR, MAX_DOCUMENTS, first_documents, split_documents
from core.corpus.languages import LUMO, SUO, TIKO, MarkovLanguage
from core.corpus.samples import Sample, samples
from core.corpus.text import MAX_FILE_BYTES, check_size, clean_text, decode_upload, visible
from core.corpus.vocabulary import (
    MAX_BPE_VOCAB,
    TOKENIZERS,
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    Tokenizer,
    tokenizer_from_dict,
)

__all__ = [
    "DOCUMENT_SOURCES",
    "FOUR",
    "LUMO",
    "MAX_BPE_VOCAB",
    "MAX_DOCUMENTS",
    "MAX_FILE_BYTES",
    "SUO",
    "TIKO",
    "TOKENIZERS",
    "BPETokenizer",
    "ByteTokenizer",
    "CharTokenizer",
    "Corpus",
    "MarkovLanguage",
    "NoText",
    "Sample",
    "Tokenizer",
    "build_corpus",
    "check_block_size",
    "check_size",
    "clean_text",
    "decode_upload",
    "first_documents",
    "samples",
    "split_documents",
    "tokenizer_from_dict",
    "visible",
]
