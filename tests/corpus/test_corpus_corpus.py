"""A text becomes ids to train on and ids to validate on, or a sentence that says why not."""

import numpy as np
import pytest

from core.corpus import build_corpus, check_block_size


@pytest.mark.parametrize("tokenizer", ["char", "byte", "bpe"])
@pytest.mark.parametrize("val_fraction", [0, 0.1, 0.25, 0.5])
def test_the_two_parts_are_the_whole_text_in_order(tokenizer, val_fraction):
    text = "one fish two fish öäü 🐟\n" * 8
    corpus = build_corpus(text, tokenizer, val_fraction)
    ids = np.concatenate([corpus.train_ids, corpus.val_ids])
    assert corpus.text == corpus.tokenizer.decode(ids) == text
    assert corpus.tokenizer.name == tokenizer


def test_the_end_is_held_out():
    corpus = build_corpus("abababababcdcdcdcdcd", val_fraction=0.1)  # 20 characters, 2 of them held out
    assert corpus.val_ids.tolist() == [2, 3]
    assert len(corpus.train_ids) == 18


def test_ids_are_int64():
    corpus = build_corpus("hello world, hello")
    assert corpus.train_ids.dtype == corpus.val_ids.dtype == np.int64


def test_nothing_held_out():
    corpus = build_corpus("ab", val_fraction=0)
    assert corpus.train_ids.tolist() == [0, 1] and corpus.val_ids.shape == (0,)


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("", {}, "no text yet"),
        ("q", {}, "repeats one character"),
        ("qqqqqqqqqqqqqqqqqqqqqqqq", {}, "repeats one character"),
        ("éééééééé", {"tokenizer": "byte"}, "repeats one character"),  # two bytes, but one character
        ("qxz\ud800", {}, "lone surrogates"),
        ("qxzqxzqxz", {"tokenizer": "words"}, "char, byte, bpe"),
        ("qxzqxzqxz", {"val_fraction": 1}, "between 0 and 0.5"),
        ("qxzqxzqxz", {"val_fraction": -0.1}, "between 0 and 0.5"),
        ("qxzqxzqxz", {"val_fraction": float("nan")}, "between 0 and 0.5"),
        ("qxz", {"val_fraction": 0.5}, "1 to train on and 2 kept back for validation, and each part needs at least 2"),
        ("qxzqxzqxzq", {"val_fraction": 0.1}, "10 characters, 9 to train on and 1 kept back"),  # 9 and 1
        ("qxz", {"tokenizer": "byte"}, "3 tokens, 2 to train on"),
    ],
)
def test_what_cannot_serve_says_why_and_never_quotes_the_text(text, settings, said):
    with pytest.raises(ValueError, match=said) as error:
        build_corpus(text, **settings)
    sentence = str(error.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert "qx" not in sentence and "qq" not in sentence and "é" not in sentence


def test_the_repr_never_quotes_the_text():
    corpus = build_corpus("qxzqxzqxzqxzqxzqxzqxz", "bpe", val_fraction=0)
    assert "qx" not in repr(corpus) and "ids" not in repr(corpus)


def test_a_window_fits_exactly():
    corpus = build_corpus("ab" * 10, val_fraction=0.5)  # 10 and 10
    check_block_size(corpus, block_size=9)


def test_each_part_says_what_it_lacks():
    corpus = build_corpus("qx" * 10, val_fraction=0.25)  # 15 and 5
    with pytest.raises(ValueError) as error:
        check_block_size(corpus, block_size=16)  # needs 17
    assert str(error.value) == (
        "A window of 16 characters needs 17 of them: the training part has 15, 2 too few, and the validation "
        "part has 5, 12 too few; use a shorter window or a longer text."
    )


def test_only_the_part_that_is_too_short_is_named():
    corpus = build_corpus("ab" * 10, val_fraction=0.25)
    with pytest.raises(ValueError, match="the validation part has 5, 1 too few") as error:
        check_block_size(corpus, block_size=5)
    assert "training" not in str(error.value)


def test_the_validation_part_may_be_left_out():
    check_block_size(build_corpus("ab" * 10, val_fraction=0), block_size=19, need_val=False)


def test_tokens_are_called_tokens():
    corpus = build_corpus("ab" * 10, "byte")
    with pytest.raises(ValueError, match="A window of 64 tokens needs 65"):
        check_block_size(corpus, block_size=64)


@pytest.mark.parametrize("block_size", [0, -3])
def test_an_empty_window_is_refused(block_size):
    with pytest.raises(ValueError, match="at least 1"):
        check_block_size(build_corpus("ab" * 10), block_size)
