"""A plan of a race: what it refuses, and what a learning-rate rule makes of a batch size."""

import subprocess
import sys

import numpy as np
import pytest

from core.training import TrainConfig


@pytest.mark.parametrize(
    ("rule", "expected"),
    [  # at B = 4, 16, 64, with the rate given at 16: a quarter of it, it, four times it
        ("fixed", [3e-3, 3e-3, 3e-3]),
        ("sqrt", [1.5e-3, 3e-3, 6e-3]),
        ("linear", [0.75e-3, 3e-3, 12e-3]),
    ],
)
def test_learning_rate_rules_by_hand(rule, expected):
    config = TrainConfig(learning_rate=3e-3, lr_rule=rule, reference_batch_size=16)
    assert [config.learning_rate_at(batch_size) for batch_size in (4, 16, 64)] == pytest.approx(expected)


def test_a_rate_is_constant_unless_a_schedule_is_given():
    constant = TrainConfig(max_tokens=80, learning_rate=0.5, lr_rule="sqrt", reference_batch_size=4)
    assert constant.rate_schedule(1, 20) == [0.25] * 4


@pytest.mark.parametrize(("batch_size", "expected"), [(1, 125), (4, 31), (100, 1)])
def test_steps_are_the_whole_ones_within_the_budget(batch_size, expected):
    assert TrainConfig(max_tokens=1_000).num_steps(batch_size, block_size=8) == expected  # 1000/8, 1000/32, 1000/800


def test_a_budget_that_holds_no_step_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match=r"batch size 200 reads 1,600 tokens \(200 x 8\), and the budget is 1,000"):
        TrainConfig(max_tokens=1_000).num_steps(200, block_size=8)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"warmup": 1.0}, "Warmup and final rate are shares"),
        ({"final_rate": -0.1}, "Warmup and final rate are shares"),
        ({"batch_sizes": ()}, "Every batch size must be at least 1, and there must be one"),
        ({"batch_sizes": (4, 0)}, "Every batch size must be at least 1"),
        ({"batch_sizes": (4, 4)}, "A batch size stands twice"),
        ({"num_seeds": 0}, "The number of seeds is 0"),
        ({"first_seed": -1}, "The seed is -1"),
        ({"learning_rate": 0.0}, "The learning rate is 0.0"),
        ({"learning_rate": float("nan")}, "The learning rate is nan"),
        ({"learning_rate": float("inf")}, "The learning rate is inf"),
        ({"lr_rule": "cubic"}, "The rule 'cubic' is not known; it is one of fixed, sqrt, linear"),
        ({"order": "backwards"}, "The order 'backwards' is not known; it is one of random"),
    ],
)
def test_values_that_cannot_be_trained_with_are_refused_with_a_sentence(settings, said):
    with pytest.raises(ValueError, match=said) as refused:
        TrainConfig(**settings)
    assert str(refused.value).endswith(".")


def test_the_seeds_follow_each_other():
    assert list(TrainConfig(num_seeds=3, first_seed=5).seeds) == [5, 6, 7]


def test_lists_from_json_become_tuples():
    config = TrainConfig(batch_sizes=[2, 4], betas=[0.9, 0.95])
    assert config == TrainConfig(batch_sizes=(2, 4), betas=(0.9, 0.95))
    assert hash(config) is not None


def test_a_plan_needs_no_torch():
    code = "import sys; from core.training import TrainConfig; TrainConfig(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "False", done.stderr


def test_beta2_keeps_its_half_life_in_tokens_only_if_asked():
    plan = TrainConfig(beta2_rule="half-life")
    half_lives = [b * np.log(0.5) / np.log(plan.betas_at(b)[1]) for b in (1, 16, 64)]  # in windows
    assert half_lives == pytest.approx([half_lives[0]] * 3)
    assert plan.betas_at(16) == plan.betas == TrainConfig().betas_at(64)
    with pytest.raises(ValueError, match="not known"):
        TrainConfig(beta2_rule="other")
