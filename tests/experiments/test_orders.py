"""A race of the orders: what it sends, and what is found in it."""

import json
from dataclasses import replace

import from_messages
import numpy as np
import pytest
import torch

from core.batches import ORDERS
from core.engine import train
from core.experiments.messages import to_dict
from core.experiments.orders.results import OrdersResults
from core.experiments.orders.run import run
from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.spec import RaceSpec
from core.experiments.registry import from_json, to_json
from core.lab.recording import RECORDINGS, read_recording
from core.measure.comparison import difference_of
from core.measure.memory import Machine
from core.training import TrainConfig

TEXT = "To be or not to be, that is the question. " * 40
PLAN = TrainConfig(batch_sizes=(4,), num_seeds=2, max_tokens=4 * 8 * 150)
SPEC = OrdersSpec.of(RaceSpec(text=TEXT, block_size=8, n_layer=1, n_head=2, n_embd=16, train=PLAN))


def results_of(messages: list[dict], spec: OrdersSpec = SPEC) -> OrdersResults:
    return from_messages.results_of(spec, messages)


@pytest.fixture(scope="module")
def messages():
    torch.set_num_threads(1)
    return list(map(to_dict, run(SPEC)))


@pytest.fixture(scope="module")
def shipped():
    recording = read_recording(RECORDINGS["orders"])
    return results_of(recording.messages, recording.spec)


def test_every_message_can_travel_and_the_first_says_what_runs(messages):
    assert messages[0]["kind"] == "started"
    json.dumps([{k: v for k, v in m.items() if k != "data"} for m in messages], allow_nan=False)


def test_all_orders_start_from_the_same_weights_and_read_the_same_number_of_tokens(messages):
    found = results_of(messages)
    first = [found.curves[order].evaluations(4)[1][0] for order in ORDERS]
    assert first[0].tolist() == first[1].tolist() == first[2].tolist()
    assert {found.curves[order].steps[4] for order in ORDERS} == {150} and found.begun


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_gives_the_losses_of_a_race_in_that_order(messages, order):
    corpus, config = SPEC.race.build()
    records = list(train(corpus, config, replace(SPEC.race.train, order=order)))
    alone = [r["loss"] for r in records if r["kind"] == "train" and r["seed"] == 1]
    parts = [m for m in messages if m["kind"] == "losses" and m["order"] == order]
    losses = np.concatenate([np.frombuffer(m["data"], np.float32).reshape(-1, 2) for m in parts])
    assert losses[:, 1].tolist() == pytest.approx(alone)


def test_the_orders_go_on_side_by_side(messages):
    steps = dict.fromkeys(ORDERS, 0)
    for message in messages:
        if message["kind"] == "losses":
            steps[message["order"]] = message["step"]
            assert max(steps.values()) - min(steps.values()) <= 16


def test_the_edge_is_where_the_first_epoch_ends(messages):
    found = results_of(messages)
    assert set(found.edges) == set(ORDERS) and found.edge_steps == found.started.epoch_size // 4 // 2
    parts = [
        np.frombuffer(m["data"], np.float32).reshape(-1, 2)
        for m in messages
        if m.get("order") == "shuffled" and m["kind"] == "losses"
    ]
    losses, last, width = np.concatenate(parts), found.started.epoch_size // 4, found.edge_steps
    behind = last + (found.started.epoch_size % 4 > 0)
    assert found.edges["shuffled"][0] == pytest.approx(losses[last - width : last].mean(axis=0), rel=1e-5)
    assert found.edges["shuffled"][1] == pytest.approx(losses[behind : behind + width].mean(axis=0), rel=1e-5)


def by_hand(**finals: list[float]) -> list[dict]:
    row = {"kind": "eval", "batch_size": 4}
    return [
        row | {"order": order, "step": step, "losses": losses, "train_losses": [x - 1 for x in losses]}
        for order, end in finals.items()
        for step, losses in ((0, [4.0, 4.0]), (100, end))
    ]


def test_losses_at_equal_tokens_by_hand():
    found = results_of(by_hand(random=[2.0, 2.5], shuffled=[2.0, 2.0], sequential=[3.0, 3.5]))
    tokens, losses = found.losses_at_equal()
    assert tokens == 100 * 4 * 8 and losses["sequential"].tolist() == [3.0, 3.5]
    assert found.losses_at_equal("training")[1]["random"].tolist() == [1.0, 1.5]


def test_an_order_that_diverged_is_left_out():
    gone = {"kind": "diverged", "order": "sequential", "batch_size": 4, "seed": 0, "step": 3}
    found = results_of([*by_hand(random=[2.0, 2.5], shuffled=[2.0, 2.0], sequential=[3.0, 3.5]), gone])
    assert set(found.losses_at_equal()[1]) == {"random", "shuffled"}


def test_a_rate_that_diverges_ends_every_order():
    wild = replace(SPEC, race=replace(SPEC.race, train=replace(SPEC.race.train, learning_rate=1e4)))
    messages = list(map(to_dict, run(wild)))
    assert {(m["order"], m["seed"]) for m in messages if m["kind"] == "diverged"} == {
        (o, s) for o in ORDERS for s in (0, 1)
    }
    assert results_of(messages, wild).losses_at_equal()[1] == {}


def test_a_wave_by_hand():
    estimate = {"order": "random", "batch_size": 4, "step": 99, "lag1": 0.0, "num_differences": 9}
    noise = {"kind": "noise", "sigma": 0.1, "low": 0.1, "high": 0.1, **estimate}
    waves = {"kind": "waves", "width": 16, "sigma": 0.05, "low": 0.04, "high": 0.06, **estimate}
    wave = results_of([noise, waves]).wave("random")
    assert wave.value == pytest.approx(2) and wave.high == pytest.approx(2.4)  # sqrt(16) x 0.05 / 0.1, and 6/5 of it
    assert results_of([noise]).wave("random") is None


def test_the_shipped_race_resolves_what_unshuffled_text_does(shipped):
    _, losses = shipped.losses_at_equal()
    assert difference_of(losses["sequential"], losses["shuffled"]).above(0)
    assert shipped.wave("sequential").above(1.5) and not shipped.wave("shuffled").above(1.5)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (replace(SPEC, race=replace(SPEC.race, train=replace(PLAN, batch_sizes=(2, 4)))), "at one batch size"),
        (replace(SPEC, race=replace(SPEC.race, text="short")), "."),
    ],
)
def test_what_cannot_be_raced_gets_a_sentence(spec, sentence):
    with pytest.raises(ValueError, match=sentence):
        spec.check(Machine(devices={"cpu": 2**33}))


def test_too_little_memory_gets_a_sentence():
    with pytest.raises(ValueError, match="GiB of memory"):
        SPEC.check(Machine(devices={"cpu": 1000}))


def test_it_can_be_kept_and_made_again():
    assert from_json(to_json(SPEC), TEXT) == SPEC and "question" not in to_json(SPEC)
