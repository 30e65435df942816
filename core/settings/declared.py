"""What a visitor may choose, each setting declared once: its default, its name in a URL, and how a URL says it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from core.batches import ORDERS, WAYS
from core.corpus import DOCUMENT_SOURCES, TOKENIZERS, samples
from core.settings import limits
from core.strategies import ACCUMULATION_MISTAKES, PARALLEL_MISTAKES, TARGETS
from core.training import BETA2_RULES, LR_RULES

MAX_EXAMPLES = 2_000_000  # that a page draws to count what has been seen
MAX_STEP = 9_999  # that can be walked to


@dataclass(frozen=True)
class Setting:
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


CLAIMS = ("slower", "memory", "noisy", "balanced", "fast", "overfit", "tuning", "accumulation", "noise-scale")
STAGES = ("Batch", "Forward", "Loss", "Gradients", "Update")
PACES = (1, 2, 4)  # seconds a stage, while it plays
HALF_LIVES = (0, 2_000, 10_000, 50_000)  # of the smoothing, in tokens; 0 is none
SOURCES = (*samples(), "pasted")
DOCUMENTS = (*DOCUMENT_SOURCES, "pasted")
ATTENTION = ("own document", "whole row")

SETTINGS = {
    "source": Setting("text", "python-docs", one_of(SOURCES)),
    "tokenizer": Setting("tokenizer", "char", one_of(tuple(TOKENIZERS))),
    "block_size": Setting("T", 32, whole(1, limits.MAX_BLOCK_SIZE)),
    "batch_size": Setting("B", 4, whole(1, limits.MAX_BATCH_SIZE)),
    "seed": Setting("seed", 0, whole(0, 999_999)),
    "order": Setting("order", "random", one_of(ORDERS)),
    "batch_number": Setting("batch", 0, whole(0, MAX_EXAMPLES)),
    "batch_sizes": Setting("sizes", (4, 16, 64), wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_BATCH_SIZES), with_commas),
    "n_layer": Setting("layers", 2, whole(1, limits.MAX_LAYERS)),
    "n_head": Setting("heads", 4, whole(1, 32)),
    "n_embd": Setting("channels", 64, whole(4, limits.MAX_CHANNELS)),
    "learning_rate": Setting("lr", 3e-3, number(1e-6, 1e3)),
    "lr_rule": Setting("rule", "fixed", one_of(LR_RULES)),
    "num_seeds": Setting("seeds", 3, whole(1, limits.MAX_SEEDS)),
    "max_tokens": Setting("tokens", 120_000, whole(1_000, limits.MAX_TOKENS)),
    "device": Setting("device", "auto", one_of(("auto", "cpu", "cuda", "mps"))),
    "axis": Setting("x", "tokens", one_of(("steps", "tokens", "seconds"))),
    "half_life": Setting("smooth", 0, lambda text: int(one_of(tuple(map(str, HALF_LIVES)))(text))),
    "recorded_on": Setting("recorded", "processor", one_of(("processor", "gpu"))),
    "race": Setting("race", "", identifier),
    "noise": Setting("noise", "", identifier),
    "sweep": Setting("sweep", "", identifier),
    "sweep_sizes": Setting(
        "swept", (4, 8, 16, 32, 64), wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_BATCH_SIZES), with_commas
    ),
    "sweep_tokens": Setting("each", 60_000, whole(1_000, limits.MAX_TOKENS)),
    "rates": Setting("rates", (5e-4, 1e-3, 2e-3, 4e-3, 8e-3), rates, with_commas),
    "beta2_rule": Setting("beta2", "fixed", one_of(BETA2_RULES)),
    "target": Setting("target", 0.0, number(0, 20)),
    "noise_steps": Setting("steps", (0, 150, 600), wholes(0, MAX_STEP, limits.MAX_NOISE_SIZES), with_commas),
    "noise_sizes": Setting(
        "drawn",
        (1, 2, 4, 8, 16, 32, 64, 128),
        wholes(1, limits.MAX_BATCH_SIZE, limits.MAX_NOISE_SIZES),
        with_commas,
    ),
    "num_batches": Setting("batches", 64, whole(2, limits.MAX_NOISE_BATCHES)),
    "train_batch_size": Setting("trained", 16, whole(1, limits.MAX_BATCH_SIZE)),
    "noise_at": Setting("at", 0, whole(0, MAX_STEP)),
    "claim": Setting("claim", CLAIMS[0], one_of(CLAIMS)),
    **{name: Setting(name, "", identifier) for name in ("claim_race", "claim_cost", "claim_sweep", "claim_noise")},
    **{
        f"claim_{name}": Setting(name, default, lambda text, sizes=sizes: int(one_of(tuple(map(str, sizes)))(text)))
        for (name, sizes), default in zip(limits.CLAIM_SIZES.items(), (16, 128, 512), strict=True)
    },
    "claim_model": Setting("model", "tiny", one_of(tuple(limits.MODEL_SIZES))),
    "claim_tokens": Setting("claim_tokens", limits.CLAIM_TOKENS, whole(1_000, limits.MAX_TOKENS)),
    "claim_rates": Setting("claim_rates", limits.CLAIM_RATES, rates, with_commas),
    "excerpt": Setting("excerpt", limits.CLAIM_EXCERPT, whole(0, limits.MAX_TEXT_CHARACTERS)),
    "micro_batch_size": Setting("micro", 8, whole(1, limits.MAX_MICRO_BATCH)),
    "accumulation_steps": Setting("parts", 8, whole(1, limits.MAX_ACCUMULATION)),
    "targets": Setting("targets", TARGETS[0], one_of(TARGETS)),
    "mistake": Setting("mistake", ACCUMULATION_MISTAKES[0], one_of(ACCUMULATION_MISTAKES)),
    "splits": Setting("splits", "", identifier),
    "parallel": Setting("parallel", "", identifier),
    "num_ranks": Setting("ranks", 2, whole(1, limits.MAX_RANKS)),
    "rank_micro_batch": Setting("rank_micro", 4, whole(1, limits.MAX_MICRO_BATCH)),
    "rank_accumulation": Setting("rank_parts", 2, whole(1, limits.MAX_ACCUMULATION)),
    "rank_steps": Setting("rank_steps", 20, whole(1, limits.MAX_PARALLEL_STEPS)),
    "rank_mistake": Setting("rank_mistake", "", one_of(("", *PARALLEL_MISTAKES))),
    "port": Setting("port", 0, whole(0, 65_535)),
    "billions": Setting("billions", 7.0, number(0.001, 10_000)),
    "device_gb": Setting("gb", 80.0, number(1, 10_000)),
    "tensor_parts": Setting("tensor", 1, whole(1, 64)),
    "pipeline_stages": Setting("stages", 4, whole(1, 8)),
    "pipeline_batches": Setting("in_pipe", 4, whole(1, 16)),
    "orders": Setting("orders", "", identifier),
    "order_examples": Setting("drawn_examples", None, whole(0, MAX_EXAMPLES)),  # None is an epoch's worth
    "order_batch_size": Setting("order_B", 16, whole(1, limits.MAX_BATCH_SIZE)),
    "order_model": Setting("order_model", "tiny", one_of(tuple(limits.MODEL_SIZES))),
    "order_tokens": Setting("order_tokens", limits.ORDER_TOKENS, whole(1_000, limits.MAX_TOKENS)),
    "order_seeds": Setting("order_seeds", 5, whole(1, limits.MAX_SEEDS)),
    "speed": Setting("speed", "", identifier),
    "speed_bound": Setting("bound", 256, whole(4, limits.MAX_BATCH_SIZE)),
    "budget_mb": Setting("memory", 100, whole(2, 1_000_000)),
    "documents": Setting("documents", "greetings", one_of(DOCUMENTS)),
    "row_length": Setting("row", 256, whole(2, limits.MAX_BLOCK_SIZE)),
    "way": Setting("way", "best-fit", one_of(tuple(WAYS))),
    "packing_model": Setting("packing_model", "tiny", one_of(("tiny", "small"))),
    "packed_row": Setting("packed_row", 0, whole(0, MAX_EXAMPLES)),
    "attention": Setting("attention", ATTENTION[0], one_of(ATTENTION)),
    "look": Setting("look", None, place_of_loss, lambda place: ".".join(map(str, place))),
    "step": Setting("step", 1, whole(1, MAX_STEP)),
    "stage": Setting("stage", STAGES[0], one_of(STAGES)),
    "pace": Setting("pace", PACES[1], lambda text: int(one_of(tuple(map(str, PACES)))(text))),
    "sgd_rate": Setting("sgd", 0.1, number(1e-6, 1e3)),
}


def read_url(params: dict[str, str]) -> tuple[dict, list[str]]:
    """(values, notes): every setting, from the URL where it says something sensible, and a sentence for what is not."""
    values, notes = {}, []
    for name, setting in SETTINGS.items():
        values[name] = setting.default
        if setting.param not in params:
            continue
        try:
            values[name] = setting.read(params[setting.param])
        except ValueError as error:
            why = str(error)
            if "literal" in why or "convert" in why or "unpack" in why:  # Python's own words, that quote what was given
                why = "it must be a number"
            notes.append(f"The address's “{setting.param}” could not be used ({why}); the usual value stands instead.")
    return values, notes


def defaults() -> SimpleNamespace:
    """Every setting's default, as attributes."""
    return SimpleNamespace(**{name: setting.default for name, setting in SETTINGS.items()})
