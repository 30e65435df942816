"""Three tokenizers, one interface: text to numbers and back, and nothing lost."""

import json
import pickle
import time

import numpy as np
import pytest

from core.corpus import TOKENIZERS, BPETokenizer, ByteTokenizer, CharTokenizer, tokenizer_from_dict

AWKWARD = {
    "empty": "",
    "control": "".join(map(chr, range(32))) + "\x7f\x85",
    "nul": "a\x00\x00b",
    "zwj": "👩\u200d🔬👨\u200d👩\u200d👧🧑🏽\u200d🚀",
    "combining": "e\u0301o\u0308\u0323 \u0301",
    "rtl": "שלום, مرحبا \u202e abc",
    "html": "<script>alert('&amp;')</script>",
    "spaces": "  a   b\n\n\n c\t\t \u3000\xa0\u2028",
    "edges": "\u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff",
    "special": "<|endoftext|> <s> </s> [UNK] ĠÃ©",
    "long": "x" * 1000 + "漢" * 1000,
}


@pytest.mark.parametrize("name", ["char", "byte", "bpe"])
@pytest.mark.parametrize("s", AWKWARD.values(), ids=AWKWARD.keys())
def test_nothing_is_lost(name, s):
    tokenizer = TOKENIZERS[name].from_text("".join(AWKWARD.values()))
    ids = tokenizer.encode(s)
    assert ids.dtype == np.int64 and ids.ndim == 1
    assert all(0 <= k < tokenizer.vocab_size for k in ids)
    assert tokenizer.decode(ids) == s


@pytest.mark.parametrize("s", AWKWARD.values(), ids=AWKWARD.keys())
def test_bpe_loses_nothing_of_a_text_that_it_has_never_seen(s):
    tokenizer = TOKENIZERS["bpe"].from_text("the cat sat on the mat")
    assert tokenizer.decode(tokenizer.encode(s)) == s


def test_char_ids_of_hello():
    tokenizer = CharTokenizer.from_text("hello")  # sorted: e h l o -> 0 1 2 3
    assert tokenizer.vocab_size == 4
    assert tokenizer.encode("hello").tolist() == [1, 0, 2, 2, 3]
    assert tokenizer.decode([1, 0, 2, 2, 3]) == "hello"


@pytest.mark.parametrize(("stranger", "drawn"), [("z", "z"), ("\u202e", r"\\u202e"), ("a", "a"), ("🐝", "🐝")])
def test_char_names_the_character_that_it_does_not_know(stranger, drawn):
    with pytest.raises(ValueError, match=f"The character {drawn} is not"):
        CharTokenizer.from_text("hello").encode("he" + stranger + "lo")


def test_byte_ids_are_utf8():
    # U+20AC is 0010 0000 1010 1100 -> 1110.0010 10.000010 10.101100 -> E2 82 AC
    assert ByteTokenizer().encode("a€").tolist() == [97, 0xE2, 0x82, 0xAC]


def test_bpe_by_hand():
    # pieces "ab", " ab", " ab": the pair ab occurs 3 times (256), " " and ab twice (257), no other twice
    tokenizer = BPETokenizer.from_text("ab ab ab")
    assert tokenizer.merges == (("a", "b"), (" ", "ab"))
    assert tokenizer.vocab_size == 258
    assert tokenizer.encode("ab ab ab").tolist() == [256, 257, 257]
    assert tokenizer.encode("ba").tolist() == [98, 97]


def test_bpe_merges_bytes_not_characters():
    # "é" is C3 A9: its two bytes occur together three times
    assert BPETokenizer.from_text("é é é").encode("é").tolist() == [256]


def test_bpe_token_that_two_merges_make_is_one_token():
    tokenizer = BPETokenizer((("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")))
    assert tokenizer.vocab_size == 256 + 3


def test_bpe_does_not_merge_what_occurs_once():
    assert BPETokenizer.from_text("abcdefg").vocab_size == 256


def test_bpe_vocabulary_has_a_limit():
    text = " ".join(f"{a}{b}{c}" for a in "abcdefghij" for b in "klmnopqr" for c in "stuvwxyz") * 3
    assert BPETokenizer.from_text(text).vocab_size == 512


def test_bpe_training_is_deterministic():
    text = "one two three two one three " * 5
    assert BPETokenizer.from_text(text) == BPETokenizer.from_text(text)


@pytest.mark.parametrize("name", ["byte", "bpe"])
def test_half_a_character_is_decoded_to_a_replacement(name):
    assert TOKENIZERS[name].from_text("ab").decode([97, 0xE2, 0x82]) == "a\ufffd"


@pytest.mark.parametrize("name", ["byte", "bpe"])
def test_a_broken_character_is_refused(name):
    with pytest.raises(ValueError, match=r"broken character \\ud800"):
        TOKENIZERS[name].from_text("ab").encode("ab\ud800")


@pytest.mark.parametrize("name", ["char", "byte", "bpe"])
@pytest.mark.parametrize("token_id", [-1, 512])
def test_an_id_outside_the_vocabulary_is_refused(name, token_id):
    with pytest.raises(ValueError, match="between 0 and"):
        TOKENIZERS[name].from_text("ab").decode([token_id])


@pytest.mark.parametrize(
    ("tokenizer", "token_id", "drawn"),
    [
        (CharTokenizer(" a"), 0, "·"),
        (CharTokenizer("a\u0301"), 1, "◌\u0301"),
        (ByteTokenizer(), 0x0A, "⏎"),
        (ByteTokenizer(), 0x00, r"\x00"),
        (ByteTokenizer(), 0xE2, "⟨E2⟩"),
        (BPETokenizer(((" ", "a"),)), 256, "·a"),
        (BPETokenizer((("Ã", "©"),)), 256, "é"),
        (BPETokenizer((("â", "\x82"), (" ", "â\x82"))), 257, "·⟨E2⟩⟨82⟩"),
    ],
)
def test_how_a_token_is_shown(tokenizer, token_id, drawn):
    assert tokenizer.show(token_id) == drawn


@pytest.mark.parametrize("name", ["char", "byte", "bpe"])
@pytest.mark.parametrize(
    "travel",
    [
        lambda t: tokenizer_from_dict(json.loads(json.dumps(t.to_dict()))),
        lambda t: pickle.loads(pickle.dumps(t)),
    ],
)
def test_a_tokenizer_travels(name, travel):
    text = "".join(AWKWARD.values()) * 2
    here = TOKENIZERS[name].from_text(text)
    ids = here.encode(text)
    there = travel(here)
    assert there == here
    assert there.encode(text).tolist() == ids.tolist()
    assert there.decode(ids) == text


@pytest.mark.parametrize("d", [{}, {"name": "word"}, {"name": "char"}])
def test_a_dict_that_describes_no_tokenizer(d):
    with pytest.raises(ValueError, match="does not describe"):
        tokenizer_from_dict(d)


@pytest.mark.parametrize("name", ["char", "byte", "bpe"])
def test_the_repr_tells_nothing_of_the_text(name):
    assert "secret" not in repr(TOKENIZERS[name].from_text("secret secret secret"))


@pytest.mark.parametrize("name", ["char", "byte", "bpe"])
def test_one_endless_word_does_not_take_minutes(name):
    text = "ab" * 500_000
    began = time.perf_counter()
    TOKENIZERS[name].from_text(text).encode(text)
    assert time.perf_counter() - began < 5
