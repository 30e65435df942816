"""What a visitor may choose, each setting declared once: URL, widgets, command line and recordings come from here."""

from core.batches import ORDERS, WAYS
from core.corpus import DOCUMENT_SOURCES, TOKENIZERS, samples
from core.settings import limits
from core.settings.setting import Choice, ExperimentId, LossPlace, Number, Numbers, Setting, Whole, Wholes
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

BATCH_SIZE = {"low": 1, "high": limits.MAX_BATCH_SIZE}
BATCH_SIZES = BATCH_SIZE | {"at_most": limits.MAX_BATCH_SIZES, "usual": limits.USUAL_SIZES, "option": "batch_sizes"}
BUDGET = {"low": 1_000, "high": limits.MAX_TOKENS, "option": "max_tokens"}
RATE = {"low": 1e-6, "high": 1e3}
RATES = RATE | {"at_least": 2, "at_most": limits.MAX_RATES, "option": "learning_rates"}
SEEDS = {"low": 1, "high": limits.MAX_SEEDS, "option": "num_seeds"}
MICRO_BATCH = {"low": 1, "high": limits.MAX_MICRO_BATCH, "option": "micro_batch_size"}
ACCUMULATION_STEPS = {"low": 1, "high": limits.MAX_ACCUMULATION, "option": "accumulation_steps"}
EXAMPLES = {"low": 0, "high": limits.MAX_EXAMPLES}

# ---- options, and how a page shows each

SOURCES = {name: sample.title for name, sample in samples().items()} | {"pasted": "Your own text"}
DOCUMENTS = {
    "four": "Four words, of 4, 8, 5 and 11 letters",
    **{name: SOURCES[name] for name in (*DOCUMENT_SOURCES[1:], "pasted")},
}
TOKENIZER_TITLES = dict(zip(TOKENIZERS, ("characters", "bytes", "BPE, trained on this text"), strict=True))
LR_RULES = {"fixed": "fixed: the same at every B", "sqrt": "square root: grows as √B", "linear": "linear: grows as B"}
BETA2_RULES = {"fixed": "the same β₂ at every B", "half-life": "the same memory in tokens: β₂ to the power B / 16"}
DEVICES = {"auto": "the fastest there is", "cpu": "CPU", "cuda": "CUDA (NVIDIA GPU)", "mps": "MPS (Apple GPU)"}
HALF_LIVES = {0: "none", **{tokens: f"{tokens:,} tokens" for tokens in (2_000, 10_000, 50_000)}}
TARGETS = {"even": "all T of each window", "uneven": "1 to T of each, as answers have"}
ACCUMULATION_MISTAKES = {
    NO_DIVISION: "The loss is not divided by the number of steps",
    MEAN_OF_MEANS: "Each micro-batch takes the mean over its own targets",
    STEP_EACH: "The optimizer steps after every micro-batch",
    CLIP_EACH: "Each micro-batch's gradient is clipped before the sum",
    LOG_LAST: "Only the last micro-batch's loss is logged",
}
RANK_MISTAKES = {
    "": "nothing: done right",
    SAME_SEED: "all ranks take the same rows",
    MEAN_OF_MEANS: "each rank takes the mean over its own targets",
    SUMMED: "each rank's loss is a sum, not a share of the mean",
}
PACKING_WAYS = dict(zip(WAYS, ("padded", "end to end, cut", "packed, best fit"), strict=True))
ATTENTION = ("own document", "whole row")
CLAIMS = ("slower", "memory", "noisy", "balanced", "fast", "overfit", "tuning", "accumulation", "noise-scale")
STAGES = ("Batch", "Forward", "Loss", "Gradients", "Update")
PACES = {1: "1 second", 2: "2 seconds", 4: "4 seconds"}  # while a step plays
MODELS = tuple(limits.MODEL_SIZES)

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
    Whole("batch_size", 4, "Batch size B", **BATCH_SIZE, url="B"),
    Whole("batch_number", 0, "Batch number", **EXAMPLES),
    Whole("seed", 0, "First seed", low=0, high=limits.MAX_SEED, option="first_seed"),
    Choice("order", "random", "Order of the windows", ORDERS),
    Number("learning_rate", 3e-3, "Learning rate", **RATE, step=1e-3, url="lr"),
    Choice("lr_rule", "fixed", "How the rate follows B", LR_RULES),
    Choice("device", "auto", "Device", DEVICES),
)
RACE = (
    Wholes("batch_sizes", (4, 16, 64), f"Batch sizes (up to {limits.MAX_BATCH_SIZES})", **BATCH_SIZES),
    Whole("num_seeds", 3, "Seeds (runs of each kind)", **SEEDS),
    Whole("max_tokens", 120_000, "Budget (tokens for each run)", **BUDGET, step=50_000),
    Choice("axis", "tokens", "Compare at equal", ("steps", "tokens", "seconds")),
    Choice("smoothing_half_life", 0, "Smoothing (half-life)", HALF_LIVES),
    Choice("recorded_on", "processor", "Recorded on", ("processor", "gpu")),
    LossPlace("chosen_loss", high=(limits.MAX_BATCH_SIZE, limits.MAX_SEED + limits.MAX_SEEDS, limits.MAX_TOKENS)),
    ExperimentId("race"),
)
STEP = (
    Whole("step", 1, "Step", low=1, high=limits.MAX_STEP),
    Choice("stage", STAGES[0], "Stage of the step", {stage: f"{n} {stage}" for n, stage in enumerate(STAGES, 1)}),
    Choice("pace", 2, "A stage every", PACES),
    Number("sgd_rate", 0.1, "Learning rate of SGD, for the comparison", **RATE, step=1e-2),
)
NOISE = (
    Wholes(
        "noise_steps", (0, 150, 600), "Stop after these steps", low=0, high=limits.MAX_STEP,
        at_most=limits.MAX_NOISE_SIZES, usual=(0, 50, 150, 300, 600, 1000), option="steps",
    ),
    Wholes(
        "noise_sizes", (1, 2, 4, 8, 16, 32, 64, 128), "Batch sizes to draw",
        **BATCH_SIZES | {"at_most": limits.MAX_NOISE_SIZES},
    ),
    Whole("num_batches", 64, "Batches of each size", low=2, high=limits.MAX_NOISE_BATCHES),
    Whole("train_batch_size", 16, "Batch size of the training", **BATCH_SIZE),
    Whole("noise_at_step", 0, "Weights held still after this many steps", low=0, high=limits.MAX_STEP),
    ExperimentId("noise"),
)  # fmt: skip
SWEEP = (
    Wholes("sweep_sizes", (4, 8, 16, 32, 64), f"Batch sizes (up to {limits.MAX_BATCH_SIZES})", **BATCH_SIZES),
    Numbers(
        "sweep_rates", (5e-4, 1e-3, 2e-3, 4e-3, 8e-3), f"Learning rates (2 to {limits.MAX_RATES})", **RATES,
        usual=(2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),
    ),
    Whole("sweep_tokens", 60_000, "Budget (tokens for each run)", **BUDGET, step=20_000),
    Choice("beta2_rule", "fixed", "AdamW's memory", BETA2_RULES),
    Number("target", 0.0, "Target validation loss (0: one that all can reach)", low=0.0, high=20.0, step=0.05),
    ExperimentId("sweep"),
)  # fmt: skip
SPEED = (
    Whole("max_batch_size", 256, "Batch sizes up to", low=4, high=limits.MAX_BATCH_SIZE),
    Whole("budget_mb", 100, "Memory to fit into (MB)", low=2, high=1_000_000),
    ExperimentId("speed"),
)
CHECKED_CLAIMS = (
    Choice("claim", CLAIMS[0], "The claim", CLAIMS),
    *(
        Choice(f"claim_{size}", default, f"The {size} batch size", limits.CLAIM_SIZES[size])
        for size, default in (("small", 16), ("medium", 128), ("large", 512))
    ),
    Choice("claim_model", "tiny", "Model size", MODELS, option="model"),
    Whole("claim_tokens", limits.CLAIM_TOKENS, "Budget (tokens for each run)", **BUDGET, step=200_000),
    Numbers(
        "claim_rates", limits.CLAIM_RATES, f"Learning rates of the sweep (2 to {limits.MAX_RATES})", **RATES,
        usual=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),
    ),
    Whole(
        "excerpt", limits.CLAIM_EXCERPT, "Characters of it that are used (0: all)",
        low=0, high=limits.MAX_TEXT_CHARACTERS, step=1_000,
    ),
    *(ExperimentId(f"claim_{kind}") for kind in ("race", "cost", "sweep", "noise")),
)  # fmt: skip
ORDER = (
    Whole("order_examples", None, "Windows drawn", **EXAMPLES),  # None is an epoch's worth
    Whole("order_batch_size", 16, "Batch size B", **BATCH_SIZE, option="batch_size"),
    Choice("order_model", "tiny", "Model size", MODELS, option="model"),
    Whole("order_tokens", limits.ORDER_TOKENS, "Budget (tokens for each run)", **BUDGET, step=100_000),
    Whole("order_seeds", 5, "Seeds (runs of each order)", **SEEDS),
    ExperimentId("orders"),
)
ACCUMULATION = (
    Whole("micro_batch_size", 8, "Micro-batch (windows)", **MICRO_BATCH),
    Whole("accumulation_steps", 8, "Accumulation steps", **ACCUMULATION_STEPS),
    Choice("targets", "even", "Tokens that are targets", TARGETS),
    Choice("accumulation_mistake", NO_DIVISION, "A mistake that people make", ACCUMULATION_MISTAKES),
    ExperimentId("splits"),
)
RANKS = (
    Whole("num_ranks", 2, "Ranks", low=1, high=limits.MAX_RANKS),
    Whole("rank_micro_batch", 4, "Micro-batch", **MICRO_BATCH),
    Whole("rank_accumulation", 2, "Accumulation", **ACCUMULATION_STEPS),
    Whole("rank_steps", 20, "Steps", low=1, high=limits.MAX_PARALLEL_STEPS, option="steps"),
    Choice("rank_mistake", "", "What goes wrong", RANK_MISTAKES, option="mistake"),
    Whole("port", 0, "Port where the ranks meet (0: any)", low=0, high=65_535),
    Number("billion_parameters", 7.0, "Parameters (billions)", low=0.001, high=10_000.0),
    Number("device_gb", 80.0, "Memory of a device (GB)", low=1.0, high=10_000.0),
    Whole("tensor_parts", 1, "Tensor parallel", low=1, high=64),
    Whole("pipeline_stages", 4, "Pipeline stages", low=1, high=8),
    Whole("pipeline_batches", 4, "Micro-batches in it", low=1, high=16),
    ExperimentId("parallel"),
)
PACKING = (
    Choice("documents", "greetings", "Documents", DOCUMENTS),
    Whole("row_length", 256, "Row length T (slots)", low=2, high=limits.MAX_BLOCK_SIZE),
    Choice("packing_way", "best-fit", "Show the rows", PACKING_WAYS),
    Choice("packing_model", "tiny", "Model size", ("tiny", "small")),
    Whole("packed_row", 0, "Row to look into", **EXAMPLES),
    Choice("attention", ATTENTION[0], "Attention looks at", ATTENTION),
)

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for subject in (
        TEXT_AND_MODEL, TRAINING, RACE, STEP, NOISE, SWEEP, SPEED, CHECKED_CLAIMS, ORDER, ACCUMULATION, RANKS, PACKING,
    )
    for setting in subject
}  # fmt: skip
