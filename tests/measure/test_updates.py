"""One update looked at: what AdamW and SGD do, and that looking changes nothing."""

import pytest
import torch

from core.measure.throughput import one_by_one
from core.measure.updates import measure_update
from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer
from tests.measure.two_tokens import OTHER, SAME, two_token_stack

RATE = 1e-2
SAME_AND_OTHER = torch.tensor([[0, 0], [0, 1]])


def a_trainer(**settings) -> Trainer:
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16)
    stack = ReplicaStack([GPT(config, torch.Generator().manual_seed(3))])
    return Trainer(stack, TrainConfig(learning_rate=RATE, **settings), 16)


def windows_of(seed):
    return torch.randint(11, (4, 9), generator=torch.Generator().manual_seed(seed))


def test_the_losses_before_the_step_by_hand():
    trainer = Trainer(two_token_stack(), TrainConfig(learning_rate=RATE), 16)
    report = measure_update(trainer, SAME_AND_OTHER, SAME_AND_OTHER[:1], sgd_rate=0.1)
    assert report.loss == pytest.approx((SAME + OTHER) / 2, abs=1e-4)
    assert report.fresh_loss == pytest.approx(SAME, abs=1e-4)


def test_looking_changes_nothing():
    trainer, windows = a_trainer(), windows_of(0)
    trainer.step(windows[None])
    weights = trainer.stack.flat.clone()
    first = measure_update(trainer, windows, windows_of(1), sgd_rate=0.1)
    assert trainer.stack.flat.equal(weights)
    assert measure_update(trainer, windows, windows_of(1), sgd_rate=0.1) == first


def test_what_is_seen_of_adamw_is_what_training_then_does():
    trainer, windows = a_trainer(), windows_of(0)
    seen = measure_update(trainer, windows, windows_of(1), sgd_rate=0.1).adamw
    trainer.step(windows[None])
    assert measure_update(trainer, windows, windows_of(1), sgd_rate=0.1).loss == pytest.approx(seen.loss, abs=1e-6)


def test_sgd_moves_by_its_rate_times_the_clipped_gradient():
    report = measure_update(a_trainer(grad_clip=0.5), windows_of(0), windows_of(1), sgd_rate=0.1)
    assert report.norm > 0.5 == pytest.approx(report.clipped_to, rel=1e-4)
    assert sum(far**2 for far in report.sgd.moved.values()) ** 0.5 == pytest.approx(0.1 * 0.5, rel=1e-4)


def test_the_first_step_of_adamw_moves_each_norm_weight_by_the_learning_rate():
    report = measure_update(a_trainer(), windows_of(0), windows_of(1), sgd_rate=0.1)
    assert report.adamw.moved["ln_f"] == pytest.approx(RATE * 32**0.5, rel=1e-3)  # 16 scales and 16 shifts, undecayed


def test_a_small_step_lowers_the_loss_of_its_own_batch():
    report = measure_update(a_trainer(), windows_of(0), windows_of(1), sgd_rate=0.01)
    assert report.sgd.loss < report.loss and report.adamw.loss < report.loss


def test_one_by_one_comes_to_the_same_as_in_one_go():
    found = one_by_one(a_trainer().stack, windows_of(0), max_seconds=0.0)
    assert found.mean_loss == pytest.approx(found.loss, abs=1e-5) and found.largest_difference < 1e-5
    assert len(found.together_seconds) == len(found.one_by_one_seconds) == 1
    assert min(*found.together_seconds, *found.one_by_one_seconds) > 0
