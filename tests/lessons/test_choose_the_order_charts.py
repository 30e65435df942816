"""What the charts of the orders are drawn from."""

import from_messages
import numpy as np
import pytest

from core.experiments.orders.spec import OrdersSpec
from core.experiments.race.spec import RaceSpec
from core.lessons.choose_the_order.coverage import MAX_BARS, bin_edges, read_table
from core.lessons.choose_the_order.view import epoch_rules
from core.training import TrainConfig

PLAN = TrainConfig(batch_sizes=(4,), num_seeds=3, max_tokens=3200)
SPEC = OrdersSpec.of(RaceSpec(text="", block_size=8, train=PLAN))


def rules_of(epoch_size: int, order: str = ""):
    sizes = {"vocab_size": 9, "num_parameters": 9, "train_tokens": 9, "epoch_size": epoch_size}
    return epoch_rules(from_messages.results_of(SPEC, [{"kind": "started", "device": "cpu", **sizes}]), order)


def test_ends_of_epochs_are_where_all_blocks_have_been_read():
    assert rules_of(150)["x"].tolist() == [1200.0, 2400.0]  # 150 blocks of 8; 3,200 tokens
    assert rules_of(150, "random")["label"].tolist() == ["an epoch’s worth", ""]
    assert epoch_rules(from_messages.results_of(SPEC, [])).empty
    assert rules_of(10)["x"].tolist() == [80.0]  # forty would hide the curve


@pytest.mark.parametrize("highest", [0, 1, 39, 40, 41, 1000, 12_345])
def test_every_count_is_in_one_bar(highest):
    edges = bin_edges(0, highest)
    counts = np.arange(highest + 1)
    assert 1 <= len(edges) - 1 <= MAX_BARS + 1
    assert read_table("random", counts, edges)["share"].sum() == pytest.approx(1)
