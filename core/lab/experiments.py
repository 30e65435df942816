"""Experiments as data: everything that is needed to run one again, and what it would take. No torch here."""

import json
import socket
from dataclasses import asdict, dataclass, field, replace

from core.batches import ORDERS
from core.corpus import build_corpus, check_block_size
from core.measure.memory import Machine, race_bytes
from core.model import GPTConfig
from core.strategies import ParallelPlan
from core.training import TrainConfig

# what a visitor may choose
MAX_TEXT_CHARACTERS = 5_000_000
MAX_BATCH_SIZES = 6
MAX_BATCH_SIZE = 4096
MAX_BLOCK_SIZE = 512
MAX_SEEDS = 8
MAX_TOKENS = 50_000_000
MAX_LAYERS = 12
MAX_CHANNELS = 768
MAX_NOISE_SIZES = 12  # batch sizes, and steps, of one measurement of noise
MAX_NOISE_BATCHES = 1_000
MAX_RATES = 10  # of one sweep
ORDER_EVALS = 25  # validations of a race of orders
ORDER_TOKENS = 640_000  # for each run of it: one and a half times the large sample
MAX_MICRO_BATCH, MAX_ACCUMULATION = 256, 64
MAX_RANKS, MAX_PARALLEL_STEPS = 4, 200
RANK_BYTES = 300 * 2**20  # of a process that has loaded torch, before it does anything

# of the claims
CLAIM_SIZES = {"small": (8, 16, 32), "medium": (64, 128, 256), "large": (512, 1024, 2048, 4096)}
CLAIM_TOKENS = 1_600_000  # for each run: a large batch should make some steps too
CLAIM_EXCERPT = 8_000  # characters: a text that can be learnt by heart
CLAIM_STEPS = (0, 20, 50, 100, 200, 400)  # where the noise scale is taken
CLAIM_RATES = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)

# (layers, heads, channels)
MODEL_SIZES = {"tiny": (1, 2, 32), "small": (2, 4, 64), "medium": (4, 4, 128)}


@dataclass(frozen=True, kw_only=True)
class RaceSpec:
    """One race: a text, a model and a training plan. The text is not part of the repr, so that no log can hold it."""

    text: str = field(repr=False)
    source: str = "pasted"  # a sample's name, or "pasted"
    excerpt: int = 0  # use only so many characters from its beginning; 0 for all
    tokenizer: str = "char"
    val_fraction: float = 0.1
    floor_nats: float | None = None  # of a made-up language: the loss that no model can beat
    block_size: int = 32
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 64
    train: TrainConfig = field(default_factory=TrainConfig)

    def build(self) -> tuple:
        """(corpus, gpt_config). Raises ValueError, with a sentence, for a text or sizes that cannot race."""
        limits = [
            (len(self.text), MAX_TEXT_CHARACTERS, "characters of text"),
            (len(self.train.batch_sizes), MAX_BATCH_SIZES, "batch sizes"),
            (max(self.train.batch_sizes), MAX_BATCH_SIZE, "windows in a batch"),
            (self.block_size, MAX_BLOCK_SIZE, "tokens in a block"),
            (self.train.num_seeds, MAX_SEEDS, "seeds"),
            (self.train.max_tokens, MAX_TOKENS, "tokens for a run"),
            (self.n_layer, MAX_LAYERS, "layers"),
            (self.n_embd, MAX_CHANNELS, "channels"),
        ]
        for value, limit, what in limits:
            if value > limit:
                raise ValueError(f"{value:,} {what} are more than a race takes: at most {limit:,}.")
        corpus = build_corpus(self.text[: self.excerpt or None], self.tokenizer, self.val_fraction)
        check_block_size(corpus, self.block_size, need_val=self.val_fraction > 0)
        num_windows = len(corpus.train_ids) - self.block_size
        for batch_size in self.train.batch_sizes:
            if batch_size > num_windows:
                raise ValueError(
                    f"A batch of {batch_size:,} windows is more than the {num_windows:,} that the training part has: "
                    "use a smaller batch, a smaller block size or a longer text."
                )
            self.train.num_steps(batch_size, self.block_size)
        config = GPTConfig(
            vocab_size=corpus.tokenizer.vocab_size,
            block_size=self.block_size,
            n_layer=self.n_layer,
            n_head=self.n_head,
            n_embd=self.n_embd,
        )
        return corpus, config

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for a race that cannot run, or not in the memory of that machine."""
        _, gpt_config = self.build()
        check_memory("This race", race_bytes(gpt_config, self.train, machine), machine.memory_bytes)

    def settings(self) -> str:
        """All but the text, as JSON."""
        return json.dumps({k: v for k, v in asdict(self).items() if k != "text"})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "RaceSpec":
        values = json.loads(settings)
        return cls(text=text, **values | {"train": TrainConfig.of(values["train"])})


@dataclass(frozen=True, kw_only=True)
class NoiseSpec:
    """One measurement of noise at frozen weights: a run of a race (its text, model, seed and one batch size), the steps
    of it at which the weights are held still, and the batches that are drawn there."""

    race: RaceSpec
    steps: tuple[int, ...] = (0, 150, 600)  # ascending
    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)  # ascending
    num_batches: int = 64  # of each size

    @classmethod
    def of(cls, race: RaceSpec, steps, batch_sizes, num_batches: int) -> "NoiseSpec":
        """With a budget that reaches the last step. The race's first batch size and first seed are trained."""
        steps, batch_sizes = tuple(sorted(set(steps))), tuple(sorted(set(batch_sizes)))
        first = race.train.batch_sizes[0]
        tokens = max(1, *steps) * first * race.block_size if steps else 1
        train = replace(race.train, batch_sizes=(first,), num_seeds=1, max_tokens=tokens)
        return cls(race=replace(race, train=train), steps=steps, batch_sizes=batch_sizes, num_batches=num_batches)

    @property
    def text(self) -> str:
        return self.race.text

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for a measurement that cannot run, or not in that machine's memory."""
        for name, values, low, high in (
            ("step", self.steps, 0, MAX_TOKENS),
            ("batch size", self.batch_sizes, 1, MAX_BATCH_SIZE),
        ):
            if not 1 <= len(values) <= MAX_NOISE_SIZES:
                raise ValueError(f"Choose 1 to {MAX_NOISE_SIZES} {name}s to measure: these are {len(values)}.")
            if values[0] < low or values[-1] > high:
                raise ValueError(f"Every {name} must lie between {low} and {high:,}.")
        if not 2 <= self.num_batches <= MAX_NOISE_BATCHES:
            raise ValueError(f"2 to {MAX_NOISE_BATCHES:,} batches of each size can be drawn, not {self.num_batches:,}.")
        _, gpt_config = self.race.build()
        largest = replace(self.race.train, batch_sizes=(max(self.batch_sizes),)).in_one_go()
        check_memory("This measurement", race_bytes(gpt_config, largest, machine), machine.memory_bytes)

    def settings(self) -> str:
        """All but the text, as JSON."""
        values = {name: getattr(self, name) for name in ("steps", "batch_sizes", "num_batches")}
        return json.dumps({"kind": "noise", "race": json.loads(self.race.settings()), **values})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "NoiseSpec":
        values = json.loads(settings)
        race = RaceSpec.from_settings(json.dumps(values["race"]), text)
        return cls.of(race, values["steps"], values["batch_sizes"], values["num_batches"])


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """A race at each of several learning rates. A rate holds at every batch size: the race's own rate and rule do not
    count."""

    race: RaceSpec
    learning_rates: tuple[float, ...] = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)  # ascending

    @property
    def text(self) -> str:
        return self.race.text

    def plan_at(self, learning_rate: float) -> TrainConfig:
        return replace(self.race.train, learning_rate=learning_rate, lr_rule="fixed")

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for a sweep that cannot run, or not in the memory of that machine."""
        if not 2 <= len(self.learning_rates) <= MAX_RATES:
            raise ValueError(f"Choose 2 to {MAX_RATES} learning rates to compare, not {len(self.learning_rates)}.")
        for rate in self.learning_rates:
            self.plan_at(rate)
        self.race.check(machine)

    def settings(self) -> str:
        """All but the text, as JSON."""
        values = {"race": json.loads(self.race.settings()), "learning_rates": self.learning_rates}
        return json.dumps({"kind": "sweep", **values})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "SweepSpec":
        values = json.loads(settings)
        race = RaceSpec.from_settings(json.dumps(values["race"]), text)
        return cls(race=race, learning_rates=tuple(values["learning_rates"]))


@dataclass(frozen=True, kw_only=True)
class CostSpec:
    """What an update costs at each of the race's batch sizes, in one go; and at the largest of them also in
    micro-batches, as large as each of the others that divides it."""

    race: RaceSpec

    @property
    def text(self) -> str:
        return self.race.text

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        return tuple(sorted(self.race.train.batch_sizes))

    @property
    def largest(self) -> int:
        return self.batch_sizes[-1]

    @property
    def micro_batch_sizes(self) -> tuple[int, ...]:
        return tuple(b for b in self.batch_sizes if b < self.largest and self.largest % b == 0)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot be measured, or not in the memory of that machine."""
        replace(self.race, train=self.race.train.in_one_go()).check(machine)

    def settings(self) -> str:
        """All but the text, as JSON."""
        return json.dumps({"kind": "cost", "race": json.loads(self.race.settings())})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "CostSpec":
        return cls(race=RaceSpec.from_settings(json.dumps(json.loads(settings)["race"]), text))


@dataclass(frozen=True, kw_only=True)
class OrdersSpec:
    """The race's one batch size in every order that the windows can come in: the race's own order does not count."""

    race: RaceSpec

    @classmethod
    def of(cls, race: RaceSpec) -> "OrdersSpec":
        """With validations, also on the training part, at equal spacing, and the learning rate as it is."""
        train = replace(race.train, order=ORDERS[0], lr_rule="fixed", num_evals=ORDER_EVALS, eval_train=True)
        return cls(race=replace(race, train=train))

    @property
    def text(self) -> str:
        return self.race.text

    @property
    def batch_size(self) -> int:
        return self.race.train.batch_sizes[0]

    def plan_at(self, order: str) -> TrainConfig:
        return replace(self.race.train, order=order)

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for runs that cannot be, or not in the memory of that machine."""
        if len(self.race.train.batch_sizes) != 1:
            raise ValueError("The orders are compared at one batch size.")
        _, gpt_config = self.race.build()
        needed = len(ORDERS) * race_bytes(gpt_config, self.race.train, machine)
        check_memory("This race of orders", needed, machine.memory_bytes)

    def settings(self) -> str:
        """All but the text, as JSON."""
        return json.dumps({"kind": "orders", "race": json.loads(self.race.settings())})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "OrdersSpec":
        return cls.of(RaceSpec.from_settings(json.dumps(json.loads(settings)["race"]), text))


@dataclass(frozen=True, kw_only=True)
class ParallelSpec:
    """Data parallel training of one run, in processes on the worker's machine. The race gives text, model, rate and
    seed."""

    race: RaceSpec
    plan: ParallelPlan
    num_ranks: int
    port: int = 0  # where the ranks meet; 0 for any that is free

    @property
    def text(self) -> str:
        return self.race.text

    @property
    def batch_size(self) -> int:
        return self.plan.batch_size(self.num_ranks)

    def race_of(self, num_ranks: int) -> RaceSpec:
        """The race's one run at the global batch size, with as many steps as the plan has."""
        batch_size = self.plan.batch_size(num_ranks)
        tokens = batch_size * self.race.block_size * self.plan.num_steps
        train = replace(self.race.train, batch_sizes=(batch_size,), num_seeds=1, max_tokens=tokens)
        return replace(self.race, train=train.in_one_go())

    def check(self, machine: Machine) -> None:
        """Raises ValueError, with a sentence, for what cannot run, or not in the memory of that machine."""
        for value, limit, what in (
            (self.num_ranks, MAX_RANKS, "ranks"),
            (self.plan.micro_batch_size, MAX_MICRO_BATCH, "windows in a micro-batch"),
            (self.plan.accumulation_steps, MAX_ACCUMULATION, "accumulation steps"),
            (self.plan.num_steps, MAX_PARALLEL_STEPS, "steps"),
        ):
            if not 1 <= value <= limit:
                raise ValueError(f"{value:,} {what} cannot be had: 1 to {limit:,}.")
        race = self.race_of(self.num_ranks)
        _, gpt_config = race.build()
        micro = replace(race.train, batch_sizes=(self.plan.micro_batch_size,)).in_one_go()
        needed = self.num_ranks * (race_bytes(gpt_config, micro, machine) + RANK_BYTES)
        check_memory("This training", needed, machine.memory_bytes)
        check_port(self.port)

    def settings(self) -> str:
        """All but the text, as JSON."""
        values = {"race": json.loads(self.race.settings()), "plan": asdict(self.plan)}
        return json.dumps({"kind": "parallel", **values, "num_ranks": self.num_ranks, "port": self.port})

    @classmethod
    def from_settings(cls, settings: str, text: str) -> "ParallelSpec":
        values = json.loads(settings)
        race = RaceSpec.from_settings(json.dumps(values["race"]), text)
        return cls(race=race, plan=ParallelPlan(**values["plan"]), num_ranks=values["num_ranks"], port=values["port"])


def check_port(port: int) -> None:
    """Raises ValueError, with a sentence, for a port that another program has."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just given back counts as free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(f"Port {port} is in use by another program: choose another one, or 0 for any.") from error


Spec = RaceSpec | NoiseSpec | SweepSpec | CostSpec | ParallelSpec | OrdersSpec


def spec_of(settings: str, text: str = "") -> Spec:
    """The experiment of those settings, whatever its kind."""
    kinds = {"noise": NoiseSpec, "sweep": SweepSpec, "cost": CostSpec, "orders": OrdersSpec, "parallel": ParallelSpec}
    kind = kinds.get(json.loads(settings).get("kind"), RaceSpec)
    return kind.from_settings(settings, text)


def claim_specs(
    race: RaceSpec, batch_sizes: tuple[int, int, int], max_tokens: int, learning_rates: tuple[float, ...]
) -> dict[str, Spec]:
    """The four experiments that the claims about batch size are judged by, on the race's text and model: a race of a
    small, a medium and a large batch size, what their steps cost, a sweep over the rate (with one size more, a quarter
    of the small one, for the bend of S(B) to lie within), and the noise scale."""
    plan = replace(race.train, batch_sizes=batch_sizes, max_tokens=max_tokens, early_evals=True)
    raced = replace(plan, num_evals=200, eval_train=True)
    tiny = max(1, batch_sizes[0] // 4)
    swept = replace(plan, batch_sizes=(tiny, *batch_sizes), max_tokens=max_tokens // 4, num_evals=40)
    small = replace(race, train=replace(plan, batch_sizes=batch_sizes[:1]))
    noise = NoiseSpec(race=race)
    return {
        "claim_race": replace(race, train=raced),
        "claim_cost": CostSpec(race=replace(race, train=plan)),
        "claim_sweep": SweepSpec(race=replace(race, train=swept), learning_rates=learning_rates),
        "claim_noise": NoiseSpec.of(small, CLAIM_STEPS, noise.batch_sizes, noise.num_batches),
    }


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run of a race: its batch size, and its seed."""

    race: RaceSpec
    batch_size: int
    seed: int


def machine_of(described: dict) -> Machine:
    """The machine that `core.lab.worker.describe` tells of."""
    return Machine(
        memory_bytes=described["memory_bytes"],
        fastest_device=described["devices"][0],
        num_threads=described["num_threads"],
    )


def check_memory(what: str, needed_bytes: int, memory_bytes: int) -> None:
    if needed_bytes > memory_bytes:
        raise ValueError(
            f"{what} would take about {needed_bytes / 2**30:.1f} GiB of memory, and {memory_bytes / 2**30:.1f} GiB "
            "can be had: take a smaller model, smaller batches, a shorter block or fewer seeds."
        )
