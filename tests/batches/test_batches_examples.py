"""The worked examples in the docstrings are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["windows", "stream"])
def test_the_examples_in_the_docstrings(module):
    loaded = import_module(f"core.batches.{module}")
    result = doctest.testmod(loaded)
    assert result.attempted > 0 and result.failed == 0
