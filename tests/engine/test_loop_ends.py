"""How runs and races end: runs that diverge, a race that is closed, and what is refused before it starts."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_race import TRAIN_IDS, T, losses_of, training

from core.engine import Block, Divergence
from core.training import Trainer

# ---- runs that diverge


def test_a_rate_beyond_all_reason_ends_every_run():
    events = list(training(learning_rate=1e3, max_tokens=6_400).events())
    gone = {(event.batch_size, event.seed) for event in events if isinstance(event, Divergence)}
    assert gone == {(batch_size, seed) for batch_size in (2, 4, 8) for seed in (0, 1)}
    blocks = [event for event in events if isinstance(event, Block)]
    assert sum(len(block.losses) for block in blocks) < 400 + 200 + 100  # the rest of the race is not run


@pytest.mark.slow
def test_one_batch_size_diverges_and_the_other_goes_on():
    plan = {"batch_sizes": (2, 128), "lr_rule": "linear", "reference_batch_size": 2, "learning_rate": 5e-2}
    race = training(max_tokens=30 * 128 * T, **plan)  # 0.05 at B = 2, and 64 times that at B = 128
    events = list(race.events())
    assert {event.batch_size for event in events if isinstance(event, Divergence)} == {128}
    small = np.concatenate([e.losses for e in events if isinstance(e, Block) and e.batch_size == 2])
    assert small.shape == (30 * 64, 2) and np.isfinite(small).all()


def test_losses_are_nan_from_the_divergence_on():
    for seeds_at_once in (1, 2):
        race = training(batch_sizes=(4,), learning_rate=1e3, seeds_at_once=seeds_at_once)
        events = list(race.events())
        losses = np.concatenate([event.losses for event in events if isinstance(event, Block)])
        gone = [event for event in events if isinstance(event, Divergence)]
        assert sorted(event.seed for event in gone) == [0, 1]
        for event in gone:
            assert np.isfinite(losses[: event.step - 1, event.seed]).all() and event.step > 1
            assert np.isnan(losses[event.step - 1 :, event.seed]).all()


def test_a_run_that_diverged_does_not_hold_up_the_other_seed(monkeypatch):
    step = Trainer.step

    def poison(trainer, windows):  # seed 1's loss leaves all bounds at its third step
        calls.append(1)
        losses = step(trainer, windows)
        return losses + torch.tensor([0.0, math.nan]) if len(calls) == 3 else losses

    calls = []
    monkeypatch.setattr(Trainer, "step", poison)
    race = training(batch_sizes=(4,), seeds_at_once=2)
    losses = losses_of(race, 4)
    assert losses.shape == (20, 2) and np.isfinite(losses[:, 0]).all()
    assert np.isfinite(losses[:2, 1]).all() and np.isnan(losses[2:, 1]).all()


# ---- ends and refusals


def test_closing_the_events_early_stops_the_race_there():
    race = training()
    events = race.events()
    while not isinstance(next(events), Block):
        pass
    events.close()
    done = [group.step for group in race.groups]
    assert next(events, None) is None and [group.step for group in race.groups] == done
    assert max(done) > 0 and not all(group.finished for group in race.groups)


def test_a_text_without_a_window_is_refused_with_what_is_missing():
    with pytest.raises(ValueError, match="needs 9 tokens and there are 5: 4 more are needed"):
        training(train_ids=TRAIN_IDS[:5])


def test_a_budget_without_a_step_is_refused():
    with pytest.raises(ValueError, match="the budget is 63"):
        training(max_tokens=63)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    nothing = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setattr("core.engine.loop.torch.cuda.is_available", nothing.is_available)
    with pytest.raises(ValueError, match=r"This machine has no device 'cuda'; it has .*cpu\."):
        training(device="cuda")
