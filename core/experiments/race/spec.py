"""A race, and one run of it."""

from dataclasses import dataclass, field
from typing import ClassVar

from core.corpus import build_corpus, check_block_size
from core.measure.memory import Machine, race_bytes
from core.model import GPTConfig
from core.settings.limits import (
    MAX_BATCH_SIZE,
    MAX_BATCH_SIZES,
    MAX_BLOCK_SIZE,
    MAX_CHANNELS,
    MAX_LAYERS,
    MAX_MEMBERS,
    MAX_TEXT_CHARACTERS,
    MAX_TOKENS,
)
from core.training import TrainConfig


@dataclass(frozen=True, kw_only=True)
class RaceSpec:
    """One race: a text, a model and a training plan. The text is not part of the repr, so that no log can hold it."""

    kind: ClassVar[str] = "race"

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

    @property
    def race(self) -> "RaceSpec":
        return self

    @property
    def seeds(self) -> range:
        return self.train.seeds

    @property
    def work(self) -> float:
        """Tokens that are read, by channels and layers: small steps cost about as much as their operations do."""
        return len(self.train.batch_sizes) * self.train.num_seeds * self.train.max_tokens * self.n_layer * self.n_embd

    def build(self) -> tuple:
        """(corpus, gpt_config). Raises ValueError, with a sentence, for a text or sizes that cannot race."""
        limits = [
            (len(self.text), MAX_TEXT_CHARACTERS, "characters of text"),
            (len(self.train.batch_sizes), MAX_BATCH_SIZES, "batch sizes"),
            (max(self.train.batch_sizes), MAX_BATCH_SIZE, "windows in a batch"),
            (self.block_size, MAX_BLOCK_SIZE, "tokens in a block"),
            (self.train.num_seeds, MAX_MEMBERS, "seeds"),
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
        needed = race_bytes(gpt_config, self.train, machine)
        check_memory("This race", needed, machine.memory_bytes(self.train.device))


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run of a race: its batch size, and its seed."""

    race: RaceSpec
    batch_size: int
    seed: int


SMALLER = "take a smaller model, smaller batches, a shorter block or fewer seeds."


def check_memory(what: str, needed_bytes: int, memory_bytes: int, remedy: str = SMALLER) -> None:
    """Raises ValueError, with what would fit, if so much cannot be had."""
    if needed_bytes > memory_bytes:
        raise ValueError(
            f"{what} would take about {needed_bytes / 2**30:.1f} GiB of memory, and {memory_bytes / 2**30:.1f} GiB "
            f"are available: {remedy}"
        )
