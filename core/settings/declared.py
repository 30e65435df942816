"""What a visitor may choose, each setting declared once: URL, widgets, command line and recordings come from here."""

from functools import partial

from core import training
from core.batches import ORDERS, PACKERS
from core.corpus import DOCUMENT_SOURCES, TOKENIZERS, samples
from core.settings import limits
from core.settings.setting import Choice, Line, LossPlace, Names, Number, Numbers, Setting, Token, Whole, Wholes
from core.strategies import (
    CLIP_EACH,
    LOG_LAST,
    MEAN_OF_MEANS,
    NO_DIVISION,
    SAME_SEED,
    STEP_EACH,
    SUMMED,
)

# ---- what several share

batch_size = partial(Whole, low=1, high=limits.MAX_BATCH_SIZE)
batch_sizes = partial(
    Wholes, low=1, high=limits.MAX_BATCH_SIZE, at_most=limits.MAX_BATCH_SIZES, usual=limits.USUAL_SIZES,
    option="batch_sizes",
)  # fmt: skip
budget = partial(Whole, label="Budget (tokens for each run)", low=1_000, high=limits.MAX_TOKENS, option="max_tokens")
rate = partial(Number, low=1e-6, high=1e3)
rates = partial(Numbers, low=1e-6, high=1e3, at_least=2, at_most=limits.MAX_RATES, option="learning_rates")
num_seeds = partial(Whole, low=1, high=limits.MAX_SEEDS, option="num_seeds")
micro_batch = partial(Whole, low=1, high=limits.MAX_MICRO_BATCH, option="micro_batch_size")
accumulation = partial(Whole, low=1, high=limits.MAX_ACCUMULATION, option="accumulation_steps")
examples = partial(Whole, low=0, high=limits.MAX_EXAMPLES)
model_size = partial(Choice, label="Model size", options=tuple(limits.MODEL_SIZES), option="model")

# ---- options, and how a page shows each

SOURCES = {"pasted": "Your own text"} | {name: sample.title for name, sample in samples().items()}
DOCUMENTS = {
    "pasted": SOURCES["pasted"],
    "four": "Four words, of 4, 8, 5 and 11 letters",
    **{name: SOURCES[name] for name in DOCUMENT_SOURCES[1:]},
}
TOKENIZER_TITLES = dict(zip(TOKENIZERS, ("characters", "bytes", "BPE, trained on this text"), strict=True))
LR_TITLES = {"fixed": "fixed: the same at every B", "sqrt": "square root: grows as √B", "linear": "linear: grows as B"}
LR_RULES = {rule: LR_TITLES.get(rule, rule) for rule in training.LR_RULES}
BETA2_RULES = {"fixed": "the same β₂ at every B", "half-life": "the same memory in tokens: β₂ to the power B / 16"}
DEVICES = {"auto": "the fastest there is", "cpu": "CPU", "cuda": "CUDA (NVIDIA GPU)", "mps": "MPS (Apple GPU)"}
HALF_LIVES = {0: "none", **{tokens: f"{tokens:,} tokens" for tokens in (2_000, 10_000, 50_000)}}
RACE_PICTURES = {"panels": "panels", "overlay": "overlay"}
RACE_RUNS = {"one": "one run", "all": "all runs"}
TARGETS = {"even": "all T of each window", "uneven": "1 to T of each, as answers have"}
ACCUMULATION_MISTAKES = {
    NO_DIVISION: "The loss is not divided by the number of steps",
    MEAN_OF_MEANS: "Each micro-batch takes the mean over its own targets",
    STEP_EACH: "The optimizer steps after every micro-batch",
    CLIP_EACH: "Each micro-batch's gradient is clipped before the sum",
    LOG_LAST: "Only the last micro-batch's loss is logged",
}
RANK_MISTAKES = {
    "": "none",
    SAME_SEED: "all ranks take the same rows",
    MEAN_OF_MEANS: "each rank takes the mean over its own targets",
    SUMMED: "each rank's loss is a sum, not a share of the mean",
}
PACKING_TITLES = dict(zip(PACKERS, ("padded", "end to end, cut", "packed, best fit"), strict=True))
ATTENTION = ("own document", "whole row")
CLAIMS = ("slower", "memory", "noisy", "balanced", "fast", "overfit", "tuning", "accumulation", "noise-scale")
STAGES = ("Batch", "Forward", "Loss", "Gradients", "Update")
SHEETS = {  # files of data/teaching, in Markdown
    "plan_15": "15 minutes",
    "plan_45": "45 minutes",
    "activities": "The activities",
    "worksheet": "Worksheet",
    "before_class": "Before the class",
}
PACES = {1: "1 second", 2: "2 seconds", 4: "4 seconds"}  # while a step plays

# ---- the settings

TEXT_AND_MODEL = (
    Choice("source", "python-docs", "Text", SOURCES),
    Choice("tokenizer", "char", "Tokens are", TOKENIZER_TITLES),
    Whole("block_size", 32, "Block size T", low=1, high=limits.MAX_BLOCK_SIZE, url="T"),
    Whole("n_layer", 2, "Layers", low=1, high=limits.MAX_LAYERS),
    Whole("n_head", 4, "Heads", low=1, high=limits.MAX_HEADS),
    Whole("n_embd", 64, "Channels", low=4, high=limits.MAX_CHANNELS),
)
TRAINING = (
    batch_size("batch_size", 4, "Batch size B", url="B"),
    examples("batch_number", 0, "Batch number"),
    Whole("seed", 0, "First seed", low=0, high=limits.MAX_SEED, option="first_seed"),
    Choice("order", "random", "Order of the windows", ORDERS),
    rate("learning_rate", 3e-3, "Learning rate", step=1e-3, url="lr"),
    Choice("lr_rule", "fixed", "How the rate follows B", LR_RULES),
    Choice("device", "auto", "Device", DEVICES),
)
RACE = (
    batch_sizes("batch_sizes", (4, 16, 64), f"Batch sizes (up to {limits.MAX_BATCH_SIZES})"),
    num_seeds("num_seeds", 3, "Seeds (runs of each kind)"),
    budget("max_tokens", 120_000, step=50_000),
    Choice("axis", "tokens", "Compare at equal", ("steps", "tokens", "seconds")),
    Choice("race_picture", "panels", "Show the sizes", RACE_PICTURES),
    Choice("race_runs", "one", "Runs shown", RACE_RUNS),
    Choice("smoothing_half_life", 0, "Smoothing (half-life)", HALF_LIVES),
    Choice("recorded_on", "processor", "Recorded on", ("processor", "gpu")),
    LossPlace("chosen_loss", high=(limits.MAX_BATCH_SIZE, limits.MAX_SEED + limits.MAX_MEMBERS, limits.MAX_TOKENS)),
)
VIEW = (Whole("present", 0, "Presenter's view", low=0, high=1),)
STEP = (
    Whole("step", 1, "Step", low=1, high=limits.MAX_STEP),
    Choice("stage", STAGES[0], "Stage of the step", {stage: f"{n} {stage}" for n, stage in enumerate(STAGES, 1)}),
    Choice("pace", 2, "A stage every", PACES),
    rate("sgd_rate", 0.1, "Learning rate of SGD, for the comparison", step=1e-2),
)
NOISE = (
    Wholes(
        "noise_steps", (0, 150, 600), "Freeze the weights after these steps", low=0, high=limits.MAX_STEP,
        at_most=limits.MAX_NOISE_SIZES, usual=(0, 50, 150, 300, 600, 1000), option="steps",
    ),
    batch_sizes(
        "noise_sizes", (1, 2, 4, 8, 16, 32, 64, 128), "Batch sizes to draw",
        at_most=limits.MAX_NOISE_SIZES,
    ),
    Whole("num_batches", 64, "Batches of each size", low=2, high=limits.MAX_NOISE_BATCHES),
    batch_size("train_batch_size", 16, "Batch size of the training"),
    Whole("noise_at_step", 0, "Weights frozen after this many steps", low=0, high=limits.MAX_STEP),
)  # fmt: skip
SWEEP = (
    batch_sizes("sweep_sizes", (4, 8, 16, 32, 64), f"Batch sizes (up to {limits.MAX_BATCH_SIZES})"),
    rates(
        "sweep_rates", (5e-4, 1e-3, 2e-3, 4e-3, 8e-3), f"Learning rates (2 to {limits.MAX_RATES})",
        usual=(2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),
    ),
    budget("sweep_tokens", 60_000, step=20_000),
    Choice("beta2_rule", "fixed", "AdamW's memory", BETA2_RULES),
    Number("target", 0.0, "Target validation loss (0: one that all can reach)", low=0.0, high=20.0, step=0.05),
)  # fmt: skip
SPEED = (
    Whole("max_batch_size", 256, "Batch sizes up to", low=4, high=limits.MAX_BATCH_SIZE),
    Whole("budget_mb", 100, "Memory to fit into (MB)", low=2, high=1_000_000),
)
CHECKED_CLAIMS = (
    Choice("claim", CLAIMS[0], "The claim", CLAIMS),
    *(
        Choice(f"claim_{size}", default, f"The {size} batch size", limits.CLAIM_SIZES[size])
        for size, default in (("small", 16), ("medium", 128), ("large", 512))
    ),
    model_size("claim_model", "tiny"),
    budget("claim_tokens", limits.CLAIM_TOKENS, step=200_000),
    rates(
        "claim_rates", limits.CLAIM_RATES, f"Learning rates of the sweep (2 to {limits.MAX_RATES})",
        usual=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),
    ),
    Whole(
        "excerpt", limits.CLAIM_EXCERPT, "Characters of it that are used (0: all)",
        low=0, high=limits.MAX_TEXT_CHARACTERS, step=1_000,
    ),
)  # fmt: skip
ORDER = (
    examples("order_examples", None, "Windows drawn"),  # None is an epoch's worth
    batch_size("order_batch_size", 16, "Batch size B", option="batch_size"),
    model_size("order_model", "tiny"),
    budget("order_tokens", limits.ORDER_TOKENS, step=100_000),
    num_seeds("order_seeds", 5, "Seeds (runs of each order)"),
)
ACCUMULATION = (
    micro_batch("micro_batch_size", 8, "Micro-batch (windows)"),
    accumulation("accumulation_steps", 8, "Accumulation steps"),
    Choice("targets", "even", "Tokens that are targets", TARGETS),
    Choice("accumulation_mistake", NO_DIVISION, "A mistake that people make", ACCUMULATION_MISTAKES),
)
RANKS = (
    Whole("num_ranks", 2, "Ranks", low=1, high=limits.MAX_RANKS),
    micro_batch("rank_micro_batch", 4, "Micro-batch"),
    accumulation("rank_accumulation", 2, "Accumulation"),
    Whole("rank_steps", 20, "Steps", low=1, high=limits.MAX_PARALLEL_STEPS, option="steps"),
    Choice("rank_mistake", "", "What goes wrong", RANK_MISTAKES, option="mistake"),
    Whole("port", 0, "Port where the ranks meet (0: any)", low=0, high=65_535),
    Number("billion_parameters", 7.0, "Parameters (billions)", low=0.001, high=10_000.0),
    Number("device_gb", 80.0, "Memory of a device (GB)", low=1.0, high=10_000.0),
    Whole("tensor_parts", 1, "Tensor parallel", low=1, high=64),
    Whole("pipeline_stages", 4, "Pipeline stages", low=1, high=8),
    Whole("pipeline_batches", 4, "Micro-batches in it", low=1, high=16),
)
PACKING = (
    Choice("documents", "greetings", "Documents", DOCUMENTS),
    Whole("row_length", 256, "Row length T (slots)", low=2, high=limits.MAX_BLOCK_SIZE),
    Choice("packing_strategy", "best-fit", "Show the rows", PACKING_TITLES),
    Choice("packing_model", "tiny", "Model size", ("tiny", "small")),
    examples("packed_row", 0, "Row to look into"),
    Choice("attention", ATTENTION[0], "Attention looks at", ATTENTION),
)
TEACHING = (Choice("sheet", "plan_15", "What teachers read", SHEETS),)
CLASS = (
    Token("class_code"),
    Choice("class_role", "", "", ("", "desk", "board")),
    Token("desk_secret"),  # in the teacher's link alone: whoever opens it has it in the browser from then on
)

SUBJECTS = (
    TEXT_AND_MODEL, TRAINING, RACE, STEP, NOISE, SWEEP, SPEED, CHECKED_CLAIMS, ORDER, ACCUMULATION, RANKS, PACKING,
    TEACHING,
)  # fmt: skip
PREPARABLE = {setting.url_name: setting.name for subject in SUBJECTS for setting in subject if setting.label}
PREPARED = (  # by whoever made the link, for whoever opens it
    Names("lock", (), "Locked: shown, and as they are", PREPARABLE),
    Names("hide", (), "Hidden: not shown, and as they are", PREPARABLE),
    Whole("guess_first", 0, "Results after a guess only", low=0, high=1),
    Line("note", "", "Note", at_most=limits.MAX_NOTE),
)

SETTINGS: dict[str, Setting] = {
    setting.name: setting for subject in (*SUBJECTS, CLASS, VIEW, PREPARED) for setting in subject
}


def declare(*settings: Setting) -> None:
    """More settings: those of an experiment are declared with it."""
    SETTINGS.update({setting.name: setting for setting in settings})
