"""What a race is trained with, and what each learning-rate rule makes of a batch size. No torch here."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from core.batches import ORDERS

LR_RULES = {"fixed": 0.0, "sqrt": 0.5, "linear": 1.0}  # the power of B that the rate grows with
BETA2_RULES = ("fixed", "half-life")
PRECISIONS = ("float32", "bfloat16")

EARLY_SHARE = 8  # of early validations: each after at most an eighth more steps than the one before, or one


@dataclass(frozen=True, kw_only=True)
class ExecutionPlan:
    """How the runs at one batch size are executed on a device. Their losses are the same under every plan, but for
    rounding; under the same plan on the same machine, to the last bit."""

    batch_size: int  # B
    seeds_at_once: int = 1  # on one replica axis; such stacks of seeds work side by side, a thread each
    micro_batch_size: int  # windows in one pass; the gradients of the passes add up to the batch's
    num_threads: int | None = None  # of each stack; None for as many as torch has
    onednn: bool = False  # whether oneDNN makes the products of linear layers, where a stack has one seed

    def __post_init__(self):
        if not (1 <= self.micro_batch_size <= self.batch_size and self.seeds_at_once >= 1 and self.num_threads != 0):
            raise ValueError(f"No batch can be trained so: {self}.")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One race: every batch size with every seed, to the same number of tokens.

    Raises ValueError, with a sentence, for values that cannot be trained with.
    """

    batch_sizes: tuple[int, ...] = (4, 16, 64)  # B, windows a step
    num_seeds: int = 3  # runs at each batch size; seeds are first_seed, first_seed + 1, ...
    first_seed: int = 0
    seeds_in_turn: int = 0  # so many are trained to their end before the next ones begin; 0 for all of them together
    max_tokens: int = 120_000  # each run stops at the last whole step within it
    learning_rate: float = 3e-3  # of AdamW, at the reference batch size
    lr_rule: str = "fixed"  # how the rate follows the batch size: one of LR_RULES
    reference_batch_size: int = 16  # where every rule gives learning_rate itself
    warmup: float = 0.0  # share of the budget over which the rate rises to its value, in equal steps
    final_rate: float = 1.0  # share of the rate towards which it falls by the end of the budget, on half a cosine
    weight_decay: float = 0.1  # on matrices and tables, not on biases and norms
    betas: tuple[float, float] = (0.9, 0.99)  # of AdamW, at the reference batch size
    beta2_rule: str = "fixed"  # how the second of them follows the batch size: one of BETA2_RULES
    grad_clip: float = 1.0  # largest norm of a run's gradient; 0 for none
    order: str = "random"  # of the windows: one of core.batches.ORDERS
    num_evals: int = 20  # validations after the first, at equal spacing in tokens
    early_evals: bool = False  # also validate after 1, 2, 3, ... steps, ever fewer: for how soon a run reaches a loss
    eval_windows: int = 64  # fixed validation windows, spread over the validation part
    eval_train: bool = False  # at each validation, also the loss on as many fixed windows of the training part
    precision: str = "float32"  # of the model's operations, one of PRECISIONS; weights and AdamW are always float32
    device: str = "cpu"  # "cpu", "cuda", "mps", or "auto": the fastest that is there
    executions: tuple[ExecutionPlan, ...] = ()  # how batch sizes are executed; `core/engine` plans those not named

    def __post_init__(self):
        object.__setattr__(self, "batch_sizes", tuple(self.batch_sizes))
        object.__setattr__(self, "betas", tuple(self.betas))
        plans = (p if isinstance(p, ExecutionPlan) else ExecutionPlan(**p) for p in self.executions)
        object.__setattr__(self, "executions", tuple(plans))
        if not self.batch_sizes or min(self.batch_sizes) < 1:
            raise ValueError("Every batch size must be at least 1, and there must be one.")
        if len(set(self.batch_sizes)) < len(self.batch_sizes):
            raise ValueError("A batch size stands twice in the list; each can race once.")
        for name in ("reference_batch_size", "num_evals", "eval_windows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if self.num_seeds < 1:
            raise ValueError(f"The number of seeds is {self.num_seeds}; it must be at least 1.")
        if self.seeds_in_turn < 0:
            raise ValueError(f"seeds_in_turn is {self.seeds_in_turn}; it must be 0 or more.")
        if self.first_seed < 0:
            raise ValueError(f"The seed is {self.first_seed}; it must be 0 or more.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(f"The learning rate is {self.learning_rate}; it must be a number above 0.")
        if not (0 <= self.warmup < 1 and 0 <= self.final_rate <= 1):
            raise ValueError("Warmup and final rate are shares: from 0 to 1, and warmup below 1.")
        if self.lr_rule not in LR_RULES:
            raise ValueError(f"The rule {self.lr_rule!r} is not known; it is one of {', '.join(LR_RULES)}.")
        if self.beta2_rule not in BETA2_RULES:
            raise ValueError(f"The rule {self.beta2_rule!r} is not known; it is one of {', '.join(BETA2_RULES)}.")
        if self.precision not in PRECISIONS:
            raise ValueError(f"The precision {self.precision!r} is not known; it is one of {', '.join(PRECISIONS)}.")
        if self.order not in ORDERS:
            raise ValueError(f"The order {self.order!r} is not known; it is one of {', '.join(ORDERS)}.")

    @classmethod
    def of(cls, values: dict) -> "TrainConfig":
        """From what `dataclasses.asdict` made of one, this version's or an older one's: fields that are not known any
        more are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    def with_executions(self, executions: Iterable[ExecutionPlan]) -> "TrainConfig":
        """With these plans for its batch sizes, and none for others."""
        return replace(self, executions=tuple(plan for plan in executions if plan.batch_size in self.batch_sizes))

    def unsplit(self) -> "TrainConfig":
        """Each seed by itself, each batch in one pass: the plainest plan, and the same on every machine."""
        return self.with_executions(ExecutionPlan(batch_size=b, micro_batch_size=b) for b in self.batch_sizes)

    def execution_at(self, batch_size: int) -> ExecutionPlan | None:
        return next((plan for plan in self.executions if plan.batch_size == batch_size), None)

    @property
    def seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.num_seeds)

    def turns(self) -> "list[TrainConfig]":
        """The same plan for the seeds of each turn, in their order.

        >>> [list(turn.seeds) for turn in TrainConfig(num_seeds=5, seeds_in_turn=2).turns()]
        [[0, 1], [2, 3], [4]]
        """
        each = self.seeds_in_turn or self.num_seeds
        firsts = range(self.first_seed, self.first_seed + self.num_seeds, each)
        ends = [min(first + each, self.seeds.stop) for first in firsts]
        return [
            replace(self, first_seed=a, num_seeds=b - a, seeds_in_turn=0) for a, b in zip(firsts, ends, strict=True)
        ]

    def turn_of(self, seed: int) -> "TrainConfig":
        """The turn in which that seed is trained."""
        return next(turn for turn in self.turns() if seed in turn.seeds)

    def learning_rate_at(self, batch_size: int) -> float:
        """The rate at B: eta k^p with k = B / reference, and p the power of the rule.

        Linear: Goyal et al. 2017, for SGD. Square root: Malladi et al. 2022, for Adam. Both are hypotheses.
        """
        return self.learning_rate * (batch_size / self.reference_batch_size) ** LR_RULES[self.lr_rule]

    def rate_schedule(self, batch_size: int, block_size: int) -> list[float]:
        """The rate of every step of a run, nanoGPT's schedule: equal steps up to the rate at B over the warmup, then
        half a cosine towards the final rate. It is constant by default.

        >>> TrainConfig(max_tokens=4 * 40, learning_rate=1.0, warmup=0.25, final_rate=0.5).rate_schedule(4, 10)
        [0.5, 1.0, 0.875, 0.625]
        """
        num_steps, rate = self.num_steps(batch_size, block_size), self.learning_rate_at(batch_size)
        num_warmup = round(self.warmup * num_steps)
        rising = [(step + 1) / (num_warmup + 1) for step in range(num_warmup)]
        done = [step / (num_steps - num_warmup) for step in range(num_steps - num_warmup)]
        falling = [self.final_rate + (1 - self.final_rate) * (1 + math.cos(math.pi * share)) / 2 for share in done]
        return [rate * share for share in rising + falling]

    def betas_at(self, batch_size: int) -> tuple[float, float]:
        """The betas at B. "half-life": beta2^(B / reference), so that AdamW remembers the squares of gradients over the
        same number of tokens at every batch size (Marek et al. 2025).

        >>> TrainConfig(betas=(0.9, 0.5), beta2_rule="half-life").betas_at(32)
        (0.9, 0.25)
        """
        power = batch_size / self.reference_batch_size if self.beta2_rule == "half-life" else 1
        return self.betas[0], self.betas[1] ** power

    def num_steps(self, batch_size: int, block_size: int) -> int:
        """Whole steps of B x T tokens within max_tokens.

        Raises ValueError where not even one fits.
        """
        steps = self.max_tokens // (batch_size * block_size)
        if not steps:
            raise ValueError(
                f"One step at batch size {batch_size} reads {batch_size * block_size:,} tokens "
                f"({batch_size} x {block_size}), and the budget is {self.max_tokens:,}: raise it or take a smaller B."
            )
        return steps

    def eval_steps(self, batch_size: int, block_size: int) -> list[int]:
        """Steps after which a run is validated, ascending, from 0 to its last. At equal spacing in tokens: the spacing
        is whole steps of the largest batch, so that where the smaller ones divide it, all are validated after the very
        same tokens. And early ones, if asked for."""
        num_steps, tokens = self.num_steps(batch_size, block_size), batch_size * block_size
        largest = max(self.batch_sizes) * block_size
        spacing = largest * max(1, round(self.max_tokens / self.num_evals / largest))
        steps = {-(-mark // tokens) for mark in range(0, num_steps * tokens, spacing)} | {num_steps}
        early = 1
        while self.early_evals and early < num_steps:
            steps.add(early)
            early += -(-early // EARLY_SHARE)
        return sorted(steps)
