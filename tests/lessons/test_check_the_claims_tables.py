"""The tables of the claims, from results that are written by hand."""

from core.lessons.check_the_claims import tables
from tests.lessons.measured import EQUAL_STEPS, FULL, SAME, bend_sweep, noise_messages, race_of, scales_of, sweep_of


def test_the_cost_to_a_target_has_a_row_a_batch_size():
    table = tables.cost_table(race_of(EQUAL_STEPS, FULL))
    assert list(table.index) == ["16", "128", "512"]
    # 16 windows of 8 tokens in about 16 ms are 8,000 tokens a second
    assert all(row.startswith("8.00 (") for row in table["thousand tokens a second"])
    assert "not measured" not in table.to_string()


def test_noise_and_validation_loss_stand_side_by_side():
    table = tables.noise_table(race_of(EQUAL_STEPS, FULL, more=noise_messages({16: 0.5})))
    assert table.loc["16", "loss noise, nats"] == "0.500 (0.450 to 0.550)"
    assert table.loc["128", "loss noise, nats"] == "not measured"


def test_a_gap_is_the_validation_loss_minus_the_training_loss():
    race = race_of(EQUAL_STEPS, FULL, gap=lambda size, train: 0.25 if size == 512 else 0.5)
    table = tables.gap_table(race)
    assert table["validation minus training loss"].tolist() == ["0.500", "0.500", "0.250"]
    assert len(tables.gap_points(race)) == 3 * 3 * 65  # sizes, seeds, evaluations


def test_rates_and_the_bend_have_their_numbers():
    assert tables.rates_table(sweep_of(SAME)).loc["0.01", "B = 16"].startswith("2.00 (")
    bend = tables.bend_table(bend_sweep(), scales_of((0, 4.0, 4.0, 5.0, 6.0), (9, 3.0, None, None, None)))["value"]
    assert bend["noise scale after 0 steps, windows"] == "5.00 (4.00 to 6.00)"
    assert bend["noise scale after 9 steps, windows"] == "not resolved"
    assert bend["steps to the target at B = 512"] != "not reached"
