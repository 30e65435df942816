"""What the visitor chose: one state for all pages, that survives changing pages. All of it but the text is in the URL.

Each choice is declared once, below, with the form that a URL may give it and its bounds; what a URL says wrongly is
put right and told in one sentence. A widget is asked for by its choice: `choices.number("block_size", ...)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.batches import ORDERS, WAYS
from core.corpus import DOCUMENT_SOURCES, TOKENIZERS, samples
from core.experiments.race.spec import RaceSpec
from core.experiments.sweep.spec import SweepSpec
from core.settings import limits
from core.strategies import ACCUMULATION_MISTAKES, PARALLEL_MISTAKES, TARGETS
from core.training import BETA2_RULES, LR_RULES

STATE, NOTES = "_choices", "_notes"
MAX_EXAMPLES = 2_000_000  # that a page draws to count what has been seen
MAX_STEP = 9_999  # that can be walked to


@dataclass(frozen=True)
class Choice:
    """A value with its name in the URL and how to read it from there; `read` raises ValueError for nonsense."""

    param: str
    default: object
    read: Callable[[str], object]
    write: Callable[[object], str] = str


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if len(text) < 20 else high + 1
        if not low <= value <= high:
            raise ValueError(f"it goes from {low:,} to {high:,}")
        return value

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text[:40])
        if not low <= value <= high:  # also for what is not a number
            raise ValueError(f"it goes from {low:g} to {high:g}")
        return value

    return read


def one_of(options: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"it is one of {', '.join(options)}")
        return text

    return read


def wholes(low: int, high: int, at_most: int) -> Callable[[str], tuple[int, ...]]:
    """Whole numbers with commas between them; each once, ascending."""

    def read(text: str) -> tuple[int, ...]:
        parts = text.replace(";", ",").split(",")[: 2 * at_most + 8]
        values = sorted({whole(low, high)(part.strip()) for part in parts})
        if len(values) > at_most:
            raise ValueError(f"there can be at most {at_most}")
        return tuple(values)

    return read


def with_commas(values: Sequence[float]) -> str:
    return ",".join(f"{value:.12g}" for value in values)


def rates(text: str) -> tuple[float, ...]:
    """Learning rates with commas between them; each once, ascending."""
    values = sorted({number(1e-6, 1e3)(part) for part in text.split(",")[: 2 * limits.MAX_RATES + 8]})
    if not 2 <= len(values) <= limits.MAX_RATES:
        raise ValueError(f"there must be 2 to {limits.MAX_RATES}")
    return tuple(values)


def identifier(text: str) -> str:
    if not (len(text) <= 32 and all((c.isalnum() and c.isascii()) or c in "-_" for c in text)):
        raise ValueError("an id has letters, digits, - and _ only")
    return text


def place_of_loss(text: str) -> tuple[int, int, int] | None:
    """A step of a race, "batch size.seed.step"."""
    if not text:
        return None
    batch_size, seed, step = text.split(".")
    return (
        whole(1, limits.MAX_BATCH_SIZE)(batch_size),
        whole(0, 999_999 + limits.MAX_SEEDS)(seed),
        whole(1, limits.MAX_TOKENS)(step),
    )


EXPERIMENTS = {
    "race": "race",
    "noise": "measurement of noise",
    "sweep": "sweep",
    "splits": "measurement of splits",
    "parallel": "training over ranks",
    "orders": "race of the orders",
    "speed": "measurement of speed and memory",
    "claim_race": "race for the claims",
    "claim_cost": "measurement of costs",
    "claim_sweep": "sweep for the claims",
    "claim_noise": "measurement of noise for the claims",
}  # choices that hold an id, and what it is the id of
CLAIMS = ("slower", "memory", "noisy", "balanced", "fast", "overfit", "tuning", "accumulation", "noise-scale")
STAGES = ("Batch", "Forward", "Loss", "Gradients", "Update")
PACES = (1, 2, 4)  # seconds a stage, while it plays
HALF_LIVES = (0, 2_000, 10_000, 50_000)  # of the smoothing, in tokens; 0 is none
SOURCES = (*samples(), "pasted")
DOCUMENTS = (*DOCUMENT_SOURCES, "pasted")
ATTENTION = ("own document", "whole row")

CHOICES = {
    "source": Choice("text", "python-docs", one_of(SOURCES)),
    "tokenizer": Choice("tokenizer", "char", one_of(tuple(TOKENIZERS))),
    "block_size": Choice("T", 32, whole(1, limits.MAX_BLOCK_SIZE)),
    "batch_size": Choice("B", 4, whole(1, limits.MAX_BATCH_SIZE)),
    "seed": Choice("seed", 0, whole(0, 999_999)),
    "order": Choice("order", "random", one_of(ORDERS)),
    "batch_number": Choice("batch", 0, whole(0, MAX_EXAMPLES)),
    "batch_sizes": Choice("sizes", (4, 16, 64), wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_BATCH_SIZES), with_commas),
    "n_layer": Choice("layers", 2, whole(1, limits.MAX_LAYERS)),
    "n_head": Choice("heads", 4, whole(1, 32)),
    "n_embd": Choice("channels", 64, whole(4, limits.MAX_CHANNELS)),
    "learning_rate": Choice("lr", 3e-3, number(1e-6, 1e3)),
    "lr_rule": Choice("rule", "fixed", one_of(LR_RULES)),
    "num_seeds": Choice("seeds", 3, whole(1, limits.MAX_SEEDS)),
    "max_tokens": Choice("tokens", 120_000, whole(1_000, limits.MAX_TOKENS)),
    "device": Choice("device", "auto", one_of(("auto", "cpu", "cuda", "mps"))),
    "axis": Choice("x", "tokens", one_of(("steps", "tokens", "seconds"))),
    "half_life": Choice("smooth", 0, lambda text: int(one_of(tuple(map(str, HALF_LIVES)))(text))),
    "recorded_on": Choice("recorded", "processor", one_of(("processor", "gpu"))),
    "race": Choice("race", "", identifier),
    "noise": Choice("noise", "", identifier),
    "sweep": Choice("sweep", "", identifier),
    "sweep_sizes": Choice(
        "swept", (4, 8, 16, 32, 64), wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_BATCH_SIZES), with_commas
    ),
    "sweep_tokens": Choice("each", 60_000, whole(1_000, limits.MAX_TOKENS)),
    "rates": Choice("rates", SweepSpec(race=RaceSpec(text="")).learning_rates, rates, with_commas),
    "beta2_rule": Choice("beta2", "fixed", one_of(BETA2_RULES)),
    "target": Choice("target", 0.0, number(0, 20)),
    "noise_steps": Choice("steps", (0, 150, 600), wholes(0, MAX_STEP, limits.MAX_NOISE_SIZES), with_commas),
    "noise_sizes": Choice(
        "drawn",
        (1, 2, 4, 8, 16, 32, 64, 128),
        wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_NOISE_SIZES),
        with_commas,
    ),
    "num_batches": Choice("batches", 64, whole(2, limits.MAX_NOISE_BATCHES)),
    "train_batch_size": Choice("trained", 16, whole(1, limits.MAX_BATCH_SIZE)),
    "noise_at": Choice("at", 0, whole(0, MAX_STEP)),
    "claim": Choice("claim", CLAIMS[0], one_of(CLAIMS)),
    **{name: Choice(name, "", identifier) for name in EXPERIMENTS if name.startswith("claim_")},
    **{
        f"claim_{name}": Choice(name, default, lambda text, sizes=sizes: int(one_of(tuple(map(str, sizes)))(text)))
        for (name, sizes), default in zip(limits.CLAIM_SIZES.items(), (16, 128, 512), strict=True)
    },
    "claim_model": Choice("model", "tiny", one_of(tuple(limits.MODEL_SIZES))),
    "claim_tokens": Choice("claim_tokens", limits.CLAIM_TOKENS, whole(1_000, limits.MAX_TOKENS)),
    "claim_rates": Choice("claim_rates", limits.CLAIM_RATES, rates, with_commas),
    "excerpt": Choice("excerpt", limits.CLAIM_EXCERPT, whole(0, limits.MAX_TEXT_CHARACTERS)),
    "micro_batch_size": Choice("micro", 8, whole(1, limits.MAX_MICRO_BATCH)),
    "accumulation_steps": Choice("parts", 8, whole(1, limits.MAX_ACCUMULATION)),
    "targets": Choice("targets", TARGETS[0], one_of(TARGETS)),
    "mistake": Choice("mistake", ACCUMULATION_MISTAKES[0], one_of(ACCUMULATION_MISTAKES)),
    "splits": Choice("splits", "", identifier),
    "parallel": Choice("parallel", "", identifier),
    "num_ranks": Choice("ranks", 2, whole(1, limits.MAX_RANKS)),
    "rank_micro_batch": Choice("rank_micro", 4, whole(1, limits.MAX_MICRO_BATCH)),
    "rank_accumulation": Choice("rank_parts", 2, whole(1, limits.MAX_ACCUMULATION)),
    "rank_steps": Choice("rank_steps", 20, whole(1, limits.MAX_PARALLEL_STEPS)),
    "rank_mistake": Choice("rank_mistake", "", one_of(("", *PARALLEL_MISTAKES))),
    "port": Choice("port", 0, whole(0, 65_535)),
    "billions": Choice("billions", 7.0, number(0.001, 10_000)),
    "device_gb": Choice("gb", 80.0, number(1, 10_000)),
    "tensor_parts": Choice("tensor", 1, whole(1, 64)),
    "pipeline_stages": Choice("stages", 4, whole(1, 8)),
    "pipeline_batches": Choice("in_pipe", 4, whole(1, 16)),
    "orders": Choice("orders", "", identifier),
    "order_examples": Choice("drawn_examples", None, whole(0, MAX_EXAMPLES)),  # None is an epoch's worth
    "order_batch_size": Choice("order_B", 16, whole(1, limits.MAX_BATCH_SIZE)),
    "order_model": Choice("order_model", "tiny", one_of(tuple(limits.MODEL_SIZES))),
    "order_tokens": Choice("order_tokens", limits.ORDER_TOKENS, whole(1_000, limits.MAX_TOKENS)),
    "order_seeds": Choice("order_seeds", 5, whole(1, limits.MAX_SEEDS)),
    "speed": Choice("speed", "", identifier),
    "speed_bound": Choice("bound", 256, whole(4, limits.MAX_BATCH_SIZE)),
    "budget_mb": Choice("memory", 100, whole(2, 1_000_000)),
    "documents": Choice("documents", "greetings", one_of(DOCUMENTS)),
    "row_length": Choice("row", 256, whole(2, limits.MAX_BLOCK_SIZE)),
    "way": Choice("way", "best-fit", one_of(tuple(WAYS))),
    "packing_model": Choice("packing_model", "tiny", one_of(("tiny", "small"))),
    "packed_row": Choice("packed_row", 0, whole(0, MAX_EXAMPLES)),
    "attention": Choice("attention", ATTENTION[0], one_of(ATTENTION)),
    "look": Choice("look", None, place_of_loss, lambda place: ".".join(map(str, place))),
    "step": Choice("step", 1, whole(1, MAX_STEP)),
    "stage": Choice("stage", STAGES[0], one_of(STAGES)),
    "pace": Choice("pace", PACES[1], lambda text: int(one_of(tuple(map(str, PACES)))(text))),
    "sgd_rate": Choice("sgd", 0.1, number(1e-6, 1e3)),
}


class Choices:
    """The visitor's choices as attributes, and widgets that set them."""

    def __init__(self):
        if STATE not in st.session_state:
            st.session_state[STATE], st.session_state[NOTES] = read_url(st.query_params.to_dict())
        self.values: dict = st.session_state[STATE]

    def __getattr__(self, name: str):
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def set(self, **values) -> None:
        """Set choices from the program; widgets that are drawn later in this run show them."""
        assert values.keys() <= CHOICES.keys()
        self.values.update(values)

    def tell(self, note: str) -> None:
        """A sentence for the top of the page that comes next."""
        st.session_state[NOTES].append(note)

    def take_notes(self) -> list[str]:
        """What was put right, in the URL or in a widget, a sentence each; told once."""
        notes, st.session_state[NOTES] = st.session_state[NOTES], []
        return notes

    def write_url(self) -> None:
        """The URL says all choices that differ from their defaults. Unknown parameters are dropped."""
        params = {
            choice.param: choice.write(self.values[name])
            for name, choice in CHOICES.items()
            if self.values[name] != choice.default
        }
        if st.query_params.to_dict() != params:
            st.query_params.from_dict(params)

    # ---- widgets: the choice goes in, and what the visitor does to it comes back before the next run

    def widget(self, name: str, make: Callable, label: str, *args, **options):
        key = widget_key(name)
        st.session_state[key] = self.values[name]  # always: a widget's own memory does not survive a change of page
        make(label, *args, key=key, on_change=self._take, args=(name,), **options)
        return self.values[name]

    def _take(self, name: str) -> None:
        value = st.session_state[widget_key(name)]
        if value is not None:
            self.values[name] = value

    def number(self, name: str, label: str, low: int, high: int, where=st, **options) -> int:
        self.values[name] = min(max(self.values[name], low), high)
        options = {"step": 1} | options
        return self.widget(name, where.number_input, label, low, high, **options)

    def select(self, name: str, label: str, options: Sequence, where=st, **more):
        return self.widget(name, where.selectbox, label, options, **more)

    def segments(self, name: str, label: str, options: Sequence, where=st, **more):
        return self.widget(name, where.segmented_control, label, options, required=True, **more)


def widget_key(name: str) -> str:
    return f"choice_{name}"


def read_url(params: dict[str, str]) -> tuple[dict, list[str]]:
    """(values, notes): every choice, from the URL where it says something sensible, and a sentence for what is not."""
    values, notes = {}, []
    for name, choice in CHOICES.items():
        values[name] = choice.default
        if choice.param not in params:
            continue
        try:
            values[name] = choice.read(params[choice.param])
        except ValueError as error:
            why = str(error)
            if "literal" in why or "convert" in why or "unpack" in why:  # Python's own words, that quote what was given
                why = "it must be a number"
            notes.append(f"The address's “{choice.param}” could not be used ({why}); the usual value stands instead.")
    return values, notes
