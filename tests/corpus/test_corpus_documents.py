"""A text as documents."""

import pytest

from core.corpus import DOCUMENT_SOURCES, FOUR, MAX_DOCUMENTS, first_documents, samples, split_documents
from core.corpus.documents import MAX_DOCUMENT_CHARACTERS


def test_the_four_words_have_science_s_lengths():
    assert [len(document) for document in split_documents(FOUR)] == [4, 8, 5, 11]


def test_dashes_of_any_other_length_do_not_part_documents():
    assert split_documents("a title\n-----\ntext\n--\nmore") == ("a title\n-----\ntext\n--\nmore",)


def test_where_there_are_dashes_blank_lines_belong_to_documents():
    assert split_documents("---\none\n\nmore\n---  \n\ntwo\n---") == ("one\n\nmore", "two")


@pytest.mark.parametrize("text", ["", "\n\n \n\n", "---\n---"])
def test_no_document_is_answered(text):
    with pytest.raises(ValueError, match="no document yet"):
        first_documents(split_documents(text))


def test_a_nul_is_a_document():
    assert split_documents("\x00\n\nb") == ("\x00", "b")


def test_no_more_documents_than_there_may_be():
    assert len(first_documents(("a",) * (MAX_DOCUMENTS + 1))) == MAX_DOCUMENTS


def test_no_more_characters_than_there_may_be():
    half = "a" * (MAX_DOCUMENT_CHARACTERS // 2)
    assert first_documents((half, half, "b")) == (half, half)
    with pytest.raises(ValueError, match="first document has 100,001"):
        first_documents(("a" * (MAX_DOCUMENT_CHARACTERS + 1),))


def test_every_sample_has_several_documents():
    for name in DOCUMENT_SOURCES[1:]:
        assert len(first_documents(split_documents(samples()[name].text))) > 10
