"""Two measurements of what a step costs that take a moment."""

import json
from dataclasses import replace

import torch
from from_messages import results_of

from core.experiments.messages import to_dict
from core.experiments.race.spec import RaceSpec
from core.experiments.step_cost.results import StepCostResults
from core.experiments.step_cost.run import run
from core.experiments.step_cost.spec import StepCostSpec
from core.measure.memory import Machine
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(24,), num_seeds=1, max_tokens=24 * 8)
RACE = RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN)
DOUBLING = StepCostSpec.by_doubling(RACE, budget_bytes=2_000_000)
CHOSEN = StepCostSpec.of(replace(RACE, train=replace(PLAN, batch_sizes=(8, 2, 3), num_seeds=2)))
BIG = Machine(devices={"cpu": 2**33})


def measured(spec: StepCostSpec) -> StepCostResults:
    torch.set_num_threads(1)
    messages = [to_dict(message) for message in run(spec)]
    return results_of(spec, json.loads(json.dumps(messages, allow_nan=False)))
