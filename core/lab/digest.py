"""Digests: equal questions, and equal experiments, have equal ones."""

import pickle
from hashlib import blake2b
from io import BytesIO

from core.experiments.kind import Spec
from core.experiments.registry import to_json
from core.experiments.version import code_version


def digest_of(*values) -> bytes:
    """The same for equal values, whichever objects they are."""
    written = BytesIO()
    pickler = pickle.Pickler(written)
    pickler.fast = True  # no reference to what stands before: it would tell one string, twice, from two that are equal
    pickler.dump(values)
    return blake2b(written.getbuffer(), digest_size=16).digest()


def digest_of_experiment(spec: Spec) -> str:
    """The same for experiments that find the same on one machine: of equal settings, text and code."""
    return digest_of(to_json(spec), spec.text, code_version()).hex()
