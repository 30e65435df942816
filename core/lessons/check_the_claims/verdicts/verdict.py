"""What a verdict is: an outcome and the figures that it was decided by. `words` makes sentences of them."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Outcome(StrEnum):
    HOLDS = "holds here"
    PARTLY = "holds in part"
    FAILS = "does not hold here"
    UNRESOLVED = "not resolved"
    NOT_YET = "not measured yet"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on a claim; each claim, or two that are alike, has a class of its own with its figures."""

    outcome: Outcome


class Missing(Enum):
    """What a claim cannot be judged without."""

    TIME = auto()  # too little has been measured so far
    SAME_SUBJECT = auto()  # the experiments were run on different texts or models
    WHOLE_RUNS = auto()  # a run diverged
    PROGRESS = auto()  # a run never came below its first validation loss
    STEPS = auto()  # too few to separate noise from progress
    TRAIN_LOSSES = auto()
    COMMON_TRAIN_LOSS = auto()  # one that all runs came down to
    RATES = auto()  # two at which no run diverged
    SEEDS = auto()  # two or more
    SPLITS = auto()  # of the largest batch size into another one


@dataclass(frozen=True, kw_only=True)
class Unjudged(Verdict):
    """The experiments do not have what it takes."""

    missing: Missing
    batch_size: int | None = None  # that it is about, if it is about one
    num_rates: int | None = None  # at which it has been trained to the end

    @classmethod
    def without(cls, missing: Missing, **about: int) -> "Unjudged":
        """Unresolved, for more of the same experiment would not help."""
        return cls(outcome=Outcome.UNRESOLVED, missing=missing, **about)


TOO_EARLY = Unjudged(outcome=Outcome.NOT_YET, missing=Missing.TIME)
OTHER_SUBJECTS = Unjudged(outcome=Outcome.NOT_YET, missing=Missing.SAME_SUBJECT)
