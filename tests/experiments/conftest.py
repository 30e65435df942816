"""What a step costs, measured once for each file that asks."""

import pytest
from tiny_costs import CHOSEN, DOUBLING, measured

from core.experiments.step_cost import run as run_module
from core.experiments.step_cost.run import FEWEST_ROUNDS


@pytest.fixture(scope="module")
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "ROUNDS", FEWEST_ROUNDS)
        yield


@pytest.fixture(scope="module")
def doubling(few_rounds):
    return measured(DOUBLING)


@pytest.fixture(scope="module")
def chosen(few_rounds):
    return measured(CHOSEN)
