"""The worked examples in docstrings hold."""

import doctest
from importlib import import_module

import pytest
from test_architecture import FILES, module_of

WITH_EXAMPLES = [module_of(path) for path in FILES if ">>> " in path.read_text(encoding="utf-8")]


def test_there_are_examples_to_run():
    assert len(WITH_EXAMPLES) > 20


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_hold(module):
    found = doctest.testmod(import_module(module))
    assert found.attempted and not found.failed
