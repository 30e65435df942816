"""What the summary is made of: the results of every lesson, the visitor's own where there are any, else the recorded
ones. Plain data, no streamlit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.batches import PackedBatch


@dataclass(frozen=True)
class Lesson:
    """Where something is measured."""

    page: str  # its address
    title: str

    @property
    def path(self) -> str:
        return f"pages/{self.page}.py"


LESSONS = {  # by the name of the offer; "packing" has none, it is counted at once
    "race": Lesson("race_batch_sizes", "Race batch sizes"),
    "noise": Lesson("measure_the_noise", "Measure the noise"),
    "sweep": Lesson("tune_the_rate", "Tune the rate"),
    "speed": Lesson("speed_and_memory", "Speed and memory"),
    "orders": Lesson("choose_the_order", "Choose the order"),
    "splits": Lesson("accumulate_gradients", "Accumulate gradients"),
    "parallel": Lesson("distribute_the_batch", "Distribute the batch"),
    "packing": Lesson("pack_documents", "Pack documents"),
}
EXPERIMENTS = tuple(name for name in LESSONS if name != "packing")
YOURS, RECORDED, BOTH, COUNTED = "yours", "recorded", "yours and recorded", "counted on a sample"


@dataclass(frozen=True)
class Padding:
    """What packing makes of some documents."""

    num_documents: int
    shortest: int  # tokens
    longest: int
    padded: float  # share of the slots that is padding, one document a row
    packed: float  # the same packed by best fit
    cut: int  # documents that best fit cuts
    cut_end_to_end: int  # that are cut where they are laid end to end

    @classmethod
    def of(cls, lengths: list[int], batches: Mapping[str, PackedBatch]) -> "Padding":
        """From the documents' lengths, and the batches by the way that they were packed."""
        pad, best, end_to_end = batches["pad"], batches["best-fit"], batches["cut"]
        return cls(
            num_documents=len(lengths),
            shortest=min(lengths),
            longest=max(lengths),
            padded=pad.waste,
            packed=best.waste,
            cut=best.documents_cut,
            cut_end_to_end=end_to_end.documents_cut,
        )


@dataclass(frozen=True)
class Timed:
    """A sweep and a timing of steps, of the same text and model."""

    speed: Any
    sweep: Any
    mark: str


@dataclass(frozen=True)
class Evidence:
    """Results by the names of LESSONS."""

    own: Mapping[str, Any]  # those that this visitor has
    recorded: Mapping[str, Any]  # all of them
    apart: bool = False  # whether the sweep and the timing at hand are of different texts or models
    noise_apart: bool = False  # whether the noise and the sweep that stands here are

    def of(self, name: str) -> Any:
        return self.own.get(name, self.recorded[name])

    def mark(self, name: str) -> str:
        """Which of the two it is, in words."""
        if name in self.own:
            return YOURS
        return COUNTED if name == "packing" else RECORDED

    @property
    def timed(self) -> Timed:
        """The two that make a time to a target; the recorded ones where those at hand do not fit together."""
        if self.apart:
            return Timed(self.recorded["speed"], self.recorded["sweep"], RECORDED)
        marks = {self.mark("speed"), self.mark("sweep")}
        return Timed(self.of("speed"), self.of("sweep"), marks.pop() if len(marks) == 1 else BOTH)
