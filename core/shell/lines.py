"""What a command writes: JSON lines; and, as a sentence on the standard error, which runs diverged."""

import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import TextIO

from core.experiments.kind import Spec
from core.experiments.messages import Message, Progress, json_line, to_dict
from core.experiments.race.messages import Diverged, Losses, Summary, Validation
from core.experiments.race.spec import RaceSpec

NOISE_KINDS = ("noise", "slope", "noise_scale")  # of a measurement's messages: what was found
NAMED_RUNS = 6  # of those that diverged; more are counted


def print_sentence(sentence: str) -> None:
    print(f"batchscope: {sentence.rstrip('.')}.", file=sys.stderr)


def opened(out: str) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if out == "-" else open(out, "w", encoding="utf-8")


def write_lines(out: str, lines: Iterable[dict]) -> bool:
    """One JSON object a line, each as soon as it is there; a file that was there before is emptied when there is a
    first one. A reader may leave when it has read enough. Returns whether all runs were trained to their ends; those
    that diverged are named on the standard error."""
    lines, diverged = iter(lines), Divergences()
    first = list(islice(lines, 1))
    try:
        with opened(out) as file:
            for line in chain(first, lines):
                diverged.take(line)
                write_line(line, file)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    diverged.tell()
    return not diverged.runs


def write_line(line: dict, file: TextIO) -> None:
    print(json_line(line), file=file, flush=True)


class Divergences:
    """The runs that diverged, among the lines that go by."""

    def __init__(self):
        self.runs: list[str] = []

    def take(self, line: dict) -> None:
        match line:
            case {"kind": "diverged", "batch_size": batch_size, "seed": seed, "step": step}:
                named = {"learning rate": line.get("learning_rate"), "order": line.get("order")}
                more = "".join(f", {name} {value}" for name, value in named.items() if value is not None)
                self.runs.append(f"B = {batch_size}, seed {seed}{more}, at step {step:,}")
            case {"kind": "step", "step": step, "loss": loss} if not self.runs and not is_finite(loss):
                self.runs.append(f"at step {step:,}")  # of the one run of all ranks; every later step is so, too

    def tell(self) -> None:
        if not self.runs:
            return
        named, rest = "; ".join(self.runs[:NAMED_RUNS]), len(self.runs) - NAMED_RUNS
        more = f"; and {rest:,} more" if rest > 0 else ""
        several = f"{len(self.runs):,} runs" if len(self.runs) > 1 else "A run"
        print_sentence(f"{several} diverged ({named}{more}): choose a smaller learning rate")


def is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def lines_of(spec: Spec, messages: Iterable[Message]) -> Iterator[dict]:
    """What an experiment tells in a shell, from its messages: of a race, a record for each step and run; of others,
    what they find."""
    if isinstance(spec, RaceSpec):
        yield from records_of_race(spec, messages)
        return
    for message in messages:
        if message.kind in NOISE_KINDS if spec.kind == "noise" else not isinstance(message, Progress):
            yield to_dict(message)


def records_of_race(spec: RaceSpec, messages: Iterable[Message]) -> Iterator[dict]:
    from core.engine import records_of
    from core.experiments.race.run import event_of

    for message in messages:
        match message:
            case Summary():
                yield to_dict(message)
            case Losses() | Validation() | Diverged():
                yield from records_of(event_of(message), spec.train, spec.block_size)
