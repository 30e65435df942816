"""The worked examples in the docstrings are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["text", "vocabulary", "corpus", "languages"])
def test_the_examples_in_the_docstrings(module):
    result = doctest.testmod(import_module(f"core.corpus.{module}"))
    assert result.attempted > 0 and result.failed == 0
