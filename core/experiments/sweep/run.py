"""A sweep over the learning rate as a stream of messages: a race at each rate, one after the other."""

import time
from collections.abc import Iterator

from core.engine import Block, Training
from core.experiments.kind import Keeper
from core.experiments.messages import Message, Progress
from core.experiments.race.run import as_message, executions_of, plans_of
from core.experiments.sweep import messages
from core.experiments.sweep.spec import SweepSpec
from core.training import State

PROGRESS_SECONDS = 0.5


class Sweep:
    """A sweep that is going on, at one of its rates."""

    def __init__(self, spec: SweepSpec, keeper: Keeper | None = None):
        self.spec, self.keeper = spec, keeper
        self.corpus, self.gpt_config = spec.race.build()
        saved = keeper.last() if keeper else None
        self.number = saved["number"] if saved else 0  # of the rate, from 0
        self.training = self._training(saved)
        self.reported_at = time.monotonic()

    def _training(self, saved: State | None = None) -> Training:
        """At the rate whose turn it is."""
        plan = self.spec.plan_at(self.rate)
        if saved:
            plan = plan.with_executions(plans_of(saved))
        training = Training(self.corpus.train_ids, self.corpus.val_ids, self.gpt_config, plan)
        if saved:
            training.restore(saved.part("training"))
        return training

    @property
    def rate(self) -> float:
        return self.spec.learning_rates[self.number]

    def saved(self) -> State:
        """Where it stands, between two steps."""
        executions = executions_of(self.training)
        return State.of(number=self.number, executions=executions, training=self.training.saved())

    def events(self) -> Iterator[Message]:
        yield messages.Started(
            device=str(self.training.device),
            vocab_size=self.gpt_config.vocab_size,
            num_parameters=self.gpt_config.num_parameters,
        )
        yield from self._at_this_rate()
        for number in range(self.number + 1, len(self.spec.learning_rates)):
            self.number = number
            self.training = self._training()
            yield from self._at_this_rate()

    def _at_this_rate(self) -> Iterator[Message]:
        for event in self.training.events():
            if not isinstance(event, Block):
                yield as_message(event, messages, learning_rate=self.rate)
            elif time.monotonic() > self.reported_at + PROGRESS_SECONDS:
                self.reported_at = time.monotonic()
                yield Progress(self._share(), f"learning rate {self.rate:g}")
            if self.keeper and self.training.at_rest:
                self.keeper.offer(self.saved)

    def _share(self) -> float:
        plan, T = self.spec.race.train, self.spec.race.block_size
        tokens = sum(plan.num_steps(b, T) * b * T for b in plan.batch_sizes)  # of one seed at one rate
        done = sum(group.step * group.batch_size * T for group in self.training.groups) / tokens
        return min(1.0, (self.number + done) / len(self.spec.learning_rates))


def run(spec: SweepSpec, keeper: Keeper | None = None) -> Iterator[Message]:
    """A sweep from start to end, or from where it was kept."""
    return Sweep(spec, keeper).events()
