"""The recordings: as results, and as the plain lines of their files, for what is to be worked out by another route."""

import json
from functools import cache

import numpy as np
from scipy.special import stdtrit

from core.batches import PACKERS, pack
from core.corpus import first_documents, samples, split_documents
from core.lab.recording import RECORDINGS, read_recording
from core.lessons.summary.evidence import EXPERIMENTS, Evidence, Padding
from tests.from_messages import results_of

ROW = 256  # slots, as the settings have it


@cache
def results(name: str):
    recording = read_recording(RECORDINGS[name])
    return results_of(recording.spec, recording.messages)


@cache
def lengths() -> tuple[int, ...]:
    """Of the usual documents, in characters."""
    return tuple(map(len, first_documents(split_documents(samples()["greetings"].text))))


@cache
def evidence() -> Evidence:
    """Of a visitor who has measured nothing."""
    documents = [np.zeros(n, dtype=np.int64) for n in lengths()]
    padding = Padding.of(list(lengths()), {way: pack(documents, ROW, way) for way in PACKERS})
    return Evidence(own={}, recorded={name: results(name) for name in EXPERIMENTS} | {"packing": padding})


@cache
def lines(name: str, kind: str) -> tuple[dict, ...]:
    """The messages of that kind as they stand in the file."""
    rows = map(json.loads, RECORDINGS[name].read_text(encoding="utf-8").splitlines()[1:])
    return tuple(row for row in rows if row["kind"] == kind)


def t_interval(values) -> tuple[float, float, float]:
    """(mean, low, high), 95%."""
    mean, error = np.mean(values), np.std(values, ddof=1) / len(values) ** 0.5
    half = stdtrit(len(values) - 1, 0.975) * error
    return mean, mean - half, mean + half


def at_tokens(name: str, batch_size: int, tokens: float, block_size: int, **about) -> np.ndarray:
    """The validation losses there, (R,), on the straight line between the two around it."""
    rows = [row for row in lines(name, "eval") if row["batch_size"] == batch_size]
    rows = [row for row in rows if all(row[key] == value for key, value in about.items())]
    x = [row["step"] * batch_size * block_size for row in rows]
    after = next(place for place, at in enumerate(x) if at >= tokens)
    share = (tokens - x[after - 1]) / (x[after] - x[after - 1])
    before, then = (np.array(rows[place]["losses"]) for place in (after - 1, after))
    return before + share * (then - before)
