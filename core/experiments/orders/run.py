"""A race of the orders in which windows can come, as a stream of messages. Runs in a worker, or in a shell.

All orders start from the same weights, seed by seed, and go on by turns, so that at any moment they have read about the
same number of tokens.
"""

import time
from collections.abc import Iterator

import numpy as np

from core.batches import ORDERS
from core.corpus import Corpus
from core.engine import Block, Evaluation, Training
from core.experiments.kind import Keeper
from core.experiments.messages import Message, Progress
from core.experiments.orders import messages
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.run import as_message, executions_of, finite, plans_of
from core.measure.correlation import AroundEdge, LossWaves
from core.measure.noise import LossNoise
from core.model import GPTConfig
from core.training import State, TrainConfig, set_state, state_of

PROGRESS_SECONDS = 0.5
MEASURES = ("noise", "waves", "edge")
EDGE_STEPS = 64  # on either side of the end of an epoch, at most


class OrderRuns:
    """The runs of one order, all seeds, and what is measured of their losses."""

    def __init__(self, corpus: Corpus, gpt_config: GPTConfig, plan: TrainConfig, saved: State | None = None):
        self.order = plan.order
        if saved:
            plan = plan.with_executions(plans_of(saved))
        self.training = Training(corpus.train_ids, corpus.val_ids, gpt_config, plan)
        (self.group,) = self.training.groups
        self.events, self.ended = self.training.events(), False
        self.epoch_size = self.group.streams[0].epoch_size
        steps = self.group.num_steps, plan.num_seeds
        self.noise, self.waves = LossNoise(*steps), LossWaves(*steps)
        edge = self.epoch_size / self.group.batch_size
        self.edge = AroundEdge(edge, min(EDGE_STEPS, int(edge) // 2), plan.num_seeds)
        if saved:
            self.training.restore(saved.part("training"))
            for name in MEASURES:
                set_state(getattr(self, name), saved.part(name))

    def saved(self) -> State:
        """Where they stand, between two steps."""
        measures = {name: state_of(getattr(self, name)) for name in MEASURES}
        return State.of(executions=executions_of(self.training), training=self.training.saved(), **measures)

    def go_on(self) -> Iterator[Message]:
        """Train to the end of the next block of steps. After the last one, `ended` is true."""
        for event in self.events:
            yield as_message(event, messages, order=self.order)
            if isinstance(event, Evaluation):
                yield from self._measured(event.step)
            if isinstance(event, Block):
                yield from self._take(event.losses)
                return
        self.ended = True

    def _take(self, losses: np.ndarray) -> Iterator[Message]:
        was_complete = self.edge.complete
        for measure in (self.noise, self.waves, self.edge):
            measure.add(losses)
        if self.edge.complete and not was_complete:
            before, after = (tuple(map(finite, side)) for side in self.edge.means())
            yield messages.EpochEnd(order=self.order, width=self.edge.width, before=before, after=after)

    def _measured(self, step: int) -> Iterator[Message]:
        at = {"order": self.order, "batch_size": self.group.batch_size, "step": step}
        same = self.order == "sequential"  # every seed reads the text from its beginning
        if estimate := self.noise.pooled(same):
            yield messages.Noise.of(estimate, **at)
        if estimate := self.waves.means.pooled(same):
            yield messages.BlockNoise.of(estimate, **at, width=self.waves.width)


def run(spec: OrdersSpec, keeper: Keeper | None = None) -> Iterator[Message]:
    """All orders from start to end, or from where they were kept."""
    corpus, gpt_config = spec.race.build()
    saved = keeper.last() if keeper else None
    runs = [
        OrderRuns(corpus, gpt_config, spec.plan_at(order), saved.part(order) if saved else None) for order in ORDERS
    ]
    yield messages.Started(
        device=str(runs[0].training.device),
        vocab_size=gpt_config.vocab_size,
        num_parameters=gpt_config.num_parameters,
        train_tokens=len(corpus.train_ids),
        epoch_size=runs[0].epoch_size,
    )
    reported_at, num_steps = time.monotonic(), runs[0].group.num_steps
    while going := [run for run in runs if not run.ended]:
        yield from min(going, key=lambda run: run.group.step).go_on()
        if keeper and all(run.training.at_rest for run in runs):
            keeper.offer(lambda: State.of(**{run.order: run.saved() for run in runs}))
        if time.monotonic() > reported_at + PROGRESS_SECONDS:
            reported_at = time.monotonic()
            steps = [num_steps if run.ended else run.group.step for run in runs]
            doing = f"step {min(steps):,} of {num_steps:,}"
            yield Progress(sum(steps) / (num_steps * len(runs)), doing)
