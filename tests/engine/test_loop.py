"""Many runs at once: on the same examples, from the same weights, each as if it were alone."""

import math

import numpy as np
import pytest
import torch
from tiny_race import TRAIN_IDS, VAL_IDS, T, V, losses_of, training

from core.batches import WindowStream, make_batch
from core.engine import Block, Evaluation, Training
from core.model import GPTConfig
from core.training import ExecutionPlan, TrainConfig, Trainer


def test_losses_come_in_order_and_all_of_them():
    seen = {2: 0, 4: 0, 8: 0}
    for event in training().events():
        if isinstance(event, Block):
            assert event.first_step == seen[event.batch_size] + 1
            assert event.losses.shape[1] == 2 and np.isfinite(event.losses).all()
            seen[event.batch_size] += len(event.losses)
    assert seen == {2: 40, 4: 20, 8: 10}  # 640 / (B x 8)


@pytest.mark.parametrize("seeds_at_once", [1, 2, 3])
def test_a_replica_has_the_losses_that_it_has_alone(seeds_at_once):
    plan = {"batch_sizes": (4,), "max_tokens": 50 * 4 * T, "seeds_at_once": seeds_at_once}
    company = losses_of(training(num_seeds=3, **plan), 4)
    alone = np.hstack([losses_of(training(num_seeds=1, first_seed=seed, **plan), 4) for seed in range(3)])
    assert company.shape == (50, 3) and company[:, 0].std() > 0.01
    np.testing.assert_allclose(company, alone, rtol=1e-4)


@pytest.mark.slow
def test_every_way_gives_the_same_losses():
    plan = {"batch_sizes": (4,), "num_seeds": 3, "max_tokens": 50 * 4 * T}
    executions = [(1, 1, False), (2, 1, False), (3, 1, False), (1, 2, False), (3, 4, False), (1, 1, True), (1, 2, True)]
    races = [training(seeds_at_once=n, parts=parts, onednn=onednn, **plan) for n, parts, onednn in executions]
    assert [len(race.groups[0].pool.trainers) for race in races] == [3, 2, 1, 3, 1, 3, 3]
    first, *others = (losses_of(race, 4) for race in races)
    for losses in others:
        np.testing.assert_allclose(losses, first, rtol=1e-4)
    for losses in others[:4]:
        assert losses.tobytes() != first.tobytes()  # so they were not made in the same way


@pytest.mark.parametrize(("seeds_at_once", "onednn"), [(None, False), (1, False), (2, False), (1, True)])
def test_the_same_plan_gives_the_same_losses_bit_for_bit(seeds_at_once, onednn):
    one, other = (losses_of(training(seeds_at_once=seeds_at_once, onednn=onednn), 4) for _ in range(2))
    assert one.tobytes() == other.tobytes() and len(one) == 20


def test_the_number_of_threads_that_work_side_by_side_changes_nothing():
    threads = torch.get_num_threads()
    found = []
    for num_threads in (1, 2):
        torch.set_num_threads(num_threads)
        race = training(seeds_at_once=1)
        assert (race.groups[0].pool.threads is None) == (num_threads == 1)
        found.append(losses_of(race, 4))
    torch.set_num_threads(threads)
    assert found[0].tobytes() == found[1].tobytes() and len(found[0]) == 20


def test_a_last_pass_that_is_smaller_counts_by_its_windows():
    plan = TrainConfig(batch_sizes=(7,), num_seeds=1, max_tokens=20 * 7 * T)
    uneven = plan.with_executions([ExecutionPlan(batch_size=7, micro_batch_size=3)])
    config = GPTConfig(vocab_size=V, block_size=T, n_layer=1, n_head=2, n_embd=16)
    in_parts, whole = (losses_of(Training(TRAIN_IDS, VAL_IDS, config, p), 7) for p in (uneven, plan.unsplit()))
    np.testing.assert_allclose(in_parts, whole, rtol=1e-5)


def test_a_batch_size_has_the_losses_that_it_has_without_the_others():
    assert losses_of(training(), 4).tobytes() == losses_of(training(batch_sizes=(4,)), 4).tobytes()


@pytest.fixture
def windows_read(monkeypatch):
    """What the trainers are given: lists of (R, B, T + 1), by batch size."""
    read = {}
    step = Trainer.step

    def spy(trainer, windows):
        read.setdefault(windows.shape[1], []).append(windows)
        return step(trainer, windows)

    monkeypatch.setattr(Trainer, "step", spy)
    return read


@pytest.mark.parametrize("order", ["random", "shuffled", "sequential"])
def test_one_step_of_a_large_batch_reads_what_several_small_ones_read(windows_read, order):
    for _ in training(order=order, seeds_at_once=2).events():
        pass
    for small, count in ((2, 4), (4, 2)):
        first = torch.cat(windows_read[small][:count], dim=1)
        last = torch.cat(windows_read[small][-count:], dim=1)
        assert torch.equal(first, windows_read[8][0]) and torch.equal(last, windows_read[8][-1])


def test_a_run_reads_the_stream_of_its_seed(windows_read):
    for _ in training(batch_sizes=(4,), first_seed=5, seeds_at_once=2).events():
        pass
    for place, seed in enumerate((5, 6)):
        starts = WindowStream(num_tokens=400, block_size=T, seed=seed).starts(first=3 * 4, count=4)
        batch = make_batch(TRAIN_IDS, starts, block_size=T)  # the fourth step's
        assert windows_read[4][3][place, :, :-1].tolist() == batch.x.tolist()
        assert windows_read[4][3][place, :, 1:].tolist() == batch.y.tolist()


def first_evaluations(race):
    return {e.batch_size: e.losses for e in race.events() if isinstance(e, Evaluation) and e.step == 0}


def test_all_batch_sizes_of_a_seed_start_from_the_same_weights():
    first = first_evaluations(training())
    assert set(first) == {2, 4, 8}
    assert first[2].tobytes() == first[4].tobytes() == first[8].tobytes()
    assert first[2][0] != first[2][1]  # another seed, other weights


def test_the_first_loss_is_near_that_of_a_uniform_guess():
    for losses in first_evaluations(training()).values():
        assert losses == pytest.approx(math.log(V), abs=0.1)


def evaluated_tokens(race):
    tokens = {}
    for event in race.events():
        if isinstance(event, Evaluation):
            tokens.setdefault(event.batch_size, []).append(event.step * event.batch_size * T)
    return tokens


def test_batch_sizes_that_divide_each_other_are_validated_at_equal_tokens():
    tokens = evaluated_tokens(training())
    assert tokens[2] == tokens[4] == tokens[8] == [0, 128, 256, 384, 512, 640]  # 5 after the first


def test_others_are_validated_within_one_step_of_the_same_tokens_and_at_their_end():
    tokens = evaluated_tokens(training(batch_sizes=(3, 8)))  # 26 steps of 24 tokens, and 10 of 64
    assert tokens[8] == [0, 128, 256, 384, 512, 640]
    assert tokens[3] == [0, 144, 264, 384, 528, 624]


def test_validation_does_not_change_what_is_learnt():
    with_it, without = losses_of(training(), 4), losses_of(training(val_ids=VAL_IDS[:0]), 4)
    assert with_it.tobytes() == without.tobytes()


@pytest.mark.parametrize("num_val_tokens", [0, 1, T])  # T tokens hold no window of T + 1
def test_without_validation_windows_there_are_no_evaluations(num_val_tokens):
    kinds = [type(event) for event in training(val_ids=VAL_IDS[:num_val_tokens]).events()]
    assert set(kinds) == {Block}


def test_the_batch_size_that_has_read_least_goes_next():
    tokens = {2: 0, 4: 0, 8: 0}
    for event in training(max_tokens=6_400).events():
        if isinstance(event, Block):
            assert tokens[event.batch_size] == min(tokens.values())
            tokens[event.batch_size] += event.losses.shape[0] * event.batch_size
    assert set(tokens.values()) == {800}


def test_a_tiny_model_learns_a_text_that_repeats():
    ids = np.tile(np.arange(V), 40)  # each token has one successor: the best loss is 0
    losses = losses_of(training(train_ids=ids, batch_sizes=(8,), max_tokens=100 * 8 * T, learning_rate=1e-2), 8)
    assert losses[0] == pytest.approx(math.log(V), abs=0.1)
    assert losses[-1].max() < 0.2


def test_a_weight_table_can_be_read_between_two_events():
    race = training(batch_sizes=(4,), seeds_at_once=2)
    before = race.model(4, 1).transformer.wte.weight.detach().clone()
    for _ in race.events():
        pass
    assert torch.equal(
        race.model(4, 1).transformer.wte.weight, race.groups[0].pool.trainers[0].stack.view(1).transformer.wte.weight
    )
    assert not torch.equal(race.model(4, 1).transformer.wte.weight, before)


@pytest.mark.parametrize("seeds_at_once", [1, 2])
def test_the_model_of_a_run_gives_that_runs_validation_loss(seeds_at_once):
    race = training(batch_sizes=(4,), seeds_at_once=seeds_at_once)
    last = [event for event in race.events() if isinstance(event, Evaluation)][-1]
    for place, seed in enumerate((0, 1)):
        x, y = race.val_windows[:, :-1], race.val_windows[:, 1:]
        loss = torch.nn.functional.cross_entropy(race.model(4, seed)(x).flatten(0, 1), y.flatten()).item()
        assert last.losses[place] == pytest.approx(loss, rel=1e-5)


def test_the_training_part_is_evaluated_where_that_is_asked_for():
    def fitted(**settings):
        events = training(batch_sizes=(2,), max_tokens=400 * 2 * T, **settings).events()
        return [event for event in events if isinstance(event, Evaluation)]

    plain, asked = fitted(), fitted(eval_train=True)
    assert all(event.train_losses is None for event in plain)
    first, *_, last = asked
    assert last.train_losses.shape == (2,) and (last.train_losses < first.train_losses - 0.05).all()
    assert (last.losses > last.train_losses + 0.1).all()  # random ids: nothing of them holds for those held back
    assert [event.losses.tolist() for event in asked] == [event.losses.tolist() for event in plain]
