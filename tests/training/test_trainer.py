"""One optimizer step, held against the loop that everybody writes: AdamW, clip_grad_norm_, cross_entropy.

Shapes: R replicas, B = 4 windows, T = 8.
"""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from core.model import GPT, GPTConfig, ReplicaStack
from core.training import TrainConfig, Trainer

LEARNING_RATE = 1e-2


def first_model(seed, bias=True):
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16, bias=bias)
    return GPT(config, torch.Generator().manual_seed(seed))


def windows_of(num_steps, num_replicas, seed=0):
    return torch.randint(11, (num_steps, num_replicas, 4, 9), generator=torch.Generator().manual_seed(seed))


def usual_loop(model, windows, config, rates=()):
    """Train on windows (steps, B, T + 1), with a rate for each step or always the same; returns the losses."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=config.betas)
    losses = []
    for step, batch in enumerate(windows):
        for group in optimizer.param_groups if rates else ():
            group["lr"] = rates[step]
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        if config.grad_clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("num_replicas", [1, 3])
@pytest.mark.parametrize("grad_clip", [0.0, 0.1, 1.0])
def test_five_steps_equal_the_usual_loop(num_replicas, grad_clip):
    config, windows = TrainConfig(grad_clip=grad_clip), windows_of(5, num_replicas)
    trainer = Trainer(
        ReplicaStack([first_model(seed) for seed in range(num_replicas)]),
        replace(config, learning_rate=LEARNING_RATE),
        16,
    )
    losses = torch.stack([trainer.step(step) for step in windows])  # (5, R)
    for seed in range(num_replicas):
        expected = usual_loop(first_model(seed), windows[:, seed], config)
        assert losses[:, seed].tolist() == pytest.approx(expected, rel=1e-4)


def test_a_rate_that_changes_equals_the_usual_loop_whose_optimizer_is_set_each_step():
    config = TrainConfig(learning_rate=LEARNING_RATE, warmup=0.4, final_rate=0.1, max_tokens=5 * 4 * 8)
    windows, (rises, rises_more, *falls) = windows_of(5, 3), config.rate_schedule(4, 8)
    assert rises < rises_more < falls[0] == LEARNING_RATE > falls[1] > falls[2] > 0.1 * LEARNING_RATE
    trainer = Trainer(ReplicaStack([first_model(seed) for seed in range(3)]), config, 4)
    losses = torch.stack([trainer.step(step) for step in windows])  # (5, R)
    for seed in range(3):
        expected = usual_loop(first_model(seed), windows[:, seed], config, config.rate_schedule(4, 8))
        assert losses[:, seed].tolist() == pytest.approx(expected, rel=1e-4)
    assert trainer.step(windows[0]).isfinite().all()  # beyond the budget


@pytest.mark.parametrize("num_replicas", [1, 3])
def test_the_weights_after_five_steps_equal_the_usual_loop(num_replicas):
    # without biases: a key's bias has a gradient of 0 but for rounding, and Adam makes a step of any size from that
    config, windows = TrainConfig(grad_clip=0.1, weight_decay=0.5), windows_of(5, num_replicas)
    stack = ReplicaStack([first_model(seed, bias=False) for seed in range(num_replicas)])
    trainer = Trainer(stack, replace(config, learning_rate=LEARNING_RATE), 16)
    for step in windows:
        trainer.step(step)
    for seed in range(num_replicas):
        model = first_model(seed, bias=False)
        usual_loop(model, windows[:, seed], config)
        for name, weight in stack.view(seed).named_parameters():
            torch.testing.assert_close(weight, model.get_parameter(name), rtol=1e-4, atol=1e-5)


def test_clipping_changes_what_is_learnt():
    windows = windows_of(5, 1)
    ends = [usual_loop(first_model(0), windows[:, 0], TrainConfig(grad_clip=clip))[-1] for clip in (0.0, 0.1)]
    assert abs(ends[0] - ends[1]) > 1e-3  # so the tests above did have something to find


def test_the_loss_is_the_one_before_the_update():
    model, windows = first_model(0), windows_of(1, 1)[0]
    expected = F.cross_entropy(model(windows[0, :, :-1]).flatten(0, 1), windows[0, :, 1:].flatten()).item()
    assert Trainer(ReplicaStack([model]), TrainConfig(learning_rate=0.1), 16).step(windows).item() == pytest.approx(
        expected, rel=1e-6
    )


def test_decay_takes_from_matrices_only():
    stack = ReplicaStack([first_model(0)])
    before, split = stack.flat.clone(), stack.num_matrix_weights
    trainer = Trainer(stack, TrainConfig(weight_decay=0.5, learning_rate=0.1), 16)
    stack.flat_gradient = lambda losses, out: out.zero_()  # nothing to learn: what moves is decay
    trainer.step(windows_of(1, 1)[0])
    torch.testing.assert_close(stack.flat[:, :split], before[:, :split] * (1 - 0.1 * 0.5))
    assert torch.equal(stack.flat[:, split:], before[:, split:]) and before[:, split:].any()


def test_evaluation_is_the_mean_over_all_windows_and_changes_nothing():
    windows = windows_of(1, 1)[0, 0].repeat(2, 1)[:7]  # 7 windows, 3 at once: the last part is smaller
    models = [first_model(seed) for seed in range(2)]
    stack = ReplicaStack(models)
    before = stack.flat.clone()
    losses = Trainer(stack, TrainConfig(learning_rate=0.1), 16).evaluate(windows, windows_at_once=3)
    expected = [F.cross_entropy(m(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten()).item() for m in models]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5) and expected[0] != expected[1]
    assert torch.equal(stack.flat, before)


def test_evaluation_drops_nothing_out():
    config = GPTConfig(vocab_size=11, block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5)
    trainer = Trainer(ReplicaStack([GPT(config, torch.Generator().manual_seed(0))]), TrainConfig(learning_rate=0.1), 16)
    windows = windows_of(1, 1)[0, 0]
    assert trainer.evaluate(windows).tolist() == trainer.evaluate(windows).tolist()
    assert trainer.stack.model.training


def test_adam_runs_with_the_betas_of_its_batch_size():
    stack = ReplicaStack([first_model(0)])
    trainer = Trainer(stack, TrainConfig(beta2_rule="half-life", grad_clip=0.0), 64)
    trainer.update(torch.ones_like(stack.flat))
    assert (1 - trainer.mean_square).unique().item() == pytest.approx(0.99**4)  # of squares of 1, from 0
    assert (1 - trainer.mean).unique().item() == pytest.approx(0.9)


def test_bfloat16_is_for_the_operations_not_for_the_weights():
    windows = windows_of(20, 2)
    plain, rough = (
        Trainer(ReplicaStack([first_model(s) for s in range(2)]), TrainConfig(learning_rate=1e-2, precision=p), 16)
        for p in ("float32", "bfloat16")
    )
    gaps = [(plain.step(step) - rough.step(step)).abs().max().item() for step in windows]
    assert 1e-6 < max(gaps) < 0.02  # losses near 2.4 nats; a bfloat16 has 8 bits
    assert {tensor.dtype for tensor in rough.changing} == {torch.float32} and rough.gradient.dtype == torch.float32


def test_a_step_in_parts_is_the_step_in_one_go():
    windows = windows_of(5, 2)
    stacks = [ReplicaStack([first_model(seed) for seed in range(2)]) for _ in range(3)]
    trainers = [Trainer(s, TrainConfig(learning_rate=1e-3), 4, m) for s, m in zip(stacks, (4, 3, 1), strict=True)]
    for step in windows:
        whole, *others = (trainer.step(step) for trainer in trainers)
        for losses in others:
            torch.testing.assert_close(losses, whole, rtol=1e-5, atol=0)
