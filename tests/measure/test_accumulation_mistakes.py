"""Each mistake in accumulating is wrong by as much as theory says."""

import pytest
import torch

from core.measure.accumulation import measure_accumulation
from core.model import GPT, GPTConfig, ReplicaStack
from core.strategies import CLIP_EACH, MEAN_OF_MEANS, NO_DIVISION, STEP_EACH, target_lengths, token_weights
from core.strategies.accumulation import token_sums
from core.training import TrainConfig, Trainer

B, T, V = 12, 8, 11
GENERATOR = torch.Generator().manual_seed(0)
CONFIG = GPTConfig(vocab_size=V, block_size=T, n_layer=2, n_head=2, n_embd=16)
WINDOWS = torch.randint(V, (65 * B, T + 1), generator=GENERATOR)
EVEN, UNEVEN = (torch.from_numpy(target_lengths(kind, 0, 0, 65 * B, T)) for kind in ("even", "uneven"))


def stack_of() -> ReplicaStack:
    return ReplicaStack([GPT(CONFIG, torch.Generator().manual_seed(1))])


def trainer_of(**plan) -> Trainer:
    trainer = Trainer(stack_of(), TrainConfig(**plan), batch_size=B)
    for _ in range(3):  # AdamW has averages to begin with
        trainer.step(WINDOWS[None, B : 2 * B])
    return trainer


def looked_at(lengths=EVEN, micro_batch_size=4, **plan):
    return measure_accumulation(
        trainer_of(**plan), WINDOWS[:B], lengths[:B], micro_batch_size, WINDOWS[B:], lengths[B:]
    )


def test_the_report_shows_that_they_are_equal():
    found = looked_at(UNEVEN)
    assert found.difference < 1e-5 and found.largest_difference < 1e-5 and found.norm > 0.1
    assert [part.num_windows for part in found.parts] == [4, 4, 4]
    assert sum(part.loss * part.num_targets for part in found.parts) / UNEVEN[:B].sum() == pytest.approx(found.loss)


def test_looking_changes_nothing():
    trainer = trainer_of()
    before, state = trainer.stack.flat.clone(), trainer.mean.clone()
    measure_accumulation(trainer, WINDOWS[:B], EVEN[:B], 4, WINDOWS[B:], EVEN[B:])
    assert torch.equal(trainer.stack.flat, before)
    assert torch.equal(trainer.mean, state)


def test_without_division_the_gradient_is_k_times_too_long():
    found = looked_at()
    wrong = found.mistakes[NO_DIVISION]
    assert wrong.norm == pytest.approx(3 * found.norm, rel=1e-5) and wrong.cosine == pytest.approx(1, abs=1e-5)
    assert wrong.difference == pytest.approx(2, rel=1e-5)


def test_clipping_hides_a_gradient_that_is_too_long():
    found = looked_at(grad_clip=1e-3)  # both are clipped to the same length
    assert found.mistakes[NO_DIVISION].update_difference < 1e-3


def test_a_mean_of_means_gives_tokens_of_a_short_answer_tenfold_weight():
    # SCIENCE's case: samples of 11 and 101 tokens have 10 and 100 targets
    assert token_weights([10, 100]) == pytest.approx([5.5, 0.55])
    long = GPTConfig(vocab_size=V, block_size=100, n_layer=1, n_head=2, n_embd=16)
    stack = ReplicaStack([GPT(long, torch.Generator().manual_seed(1))])
    windows, lengths = torch.randint(V, (2, 101), generator=GENERATOR), torch.tensor([10, 100])
    found = measure_accumulation(
        Trainer(stack, TrainConfig(), 2), windows, lengths, 1, windows.repeat(2, 1), lengths.repeat(2)
    )
    short, rest = (stack.flat_gradient(token_sums(stack, windows[i : i + 1], lengths[i : i + 1])) for i in (0, 1))
    wrong = 5.5 * short / 110 + 0.55 * rest / 110
    assert found.mistakes[MEAN_OF_MEANS].norm == pytest.approx(wrong.norm().item(), rel=1e-4)
    right = (short + rest) / 110
    assert found.mistakes[MEAN_OF_MEANS].difference == pytest.approx(
        ((wrong - right).norm() / right.norm()).item(), rel=1e-4
    )


def test_a_mean_of_means_is_right_where_counts_are_even():
    assert looked_at().mistakes[MEAN_OF_MEANS].difference < 1e-5
    assert looked_at(UNEVEN).mistakes[MEAN_OF_MEANS].difference > 0.01


def test_stepping_each_time_is_training_with_small_batches():
    trainer = trainer_of()
    weights = trainer.stack.flat.clone()
    found = measure_accumulation(trainer, WINDOWS[:B], EVEN[:B], 4, WINDOWS[B:], EVEN[B:])
    for part in WINDOWS[:B].split(4):
        trainer.step(part[None])
    wrong = found.mistakes[STEP_EACH]
    assert wrong.num_updates == 3
    assert wrong.moved == pytest.approx((trainer.stack.flat - weights).norm().item(), rel=1e-4)
    assert wrong.moved > 1.5 * found.moved


def test_clipping_each_part_bounds_and_turns_the_sum():
    clip = 0.1
    found = looked_at(grad_clip=clip)
    wrong = found.mistakes[CLIP_EACH]
    assert all(part.norm > clip for part in found.parts)  # so every part is clipped
    assert wrong.norm < clip and wrong.cosine < 1 - 1e-6
    loose = looked_at(grad_clip=1e3)
    assert loose.mistakes[CLIP_EACH].difference < 1e-5


def test_logging_the_last_part_is_as_noisy_as_its_size_says():
    found = looked_at(micro_batch_size=3)
    # 12 windows against 3: twice the spread; 64 batches tell it to about 12%
    assert found.last_spread / found.whole_spread == pytest.approx(2, rel=0.3)
    assert found.whole_spread > 0
