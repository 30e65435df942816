import pytest

from core.charts.domains import frame_corners, grow, round_domain, round_end, round_log_domain


@pytest.mark.parametrize(
    ("low", "high", "domain"),
    [(1.62, 4.17, (1.5, 4.5)), (1.5, 4.5, (1.5, 4.5)), (2.0, 2.0, (2.0, 2.5)), (-0.1, 0.0, (-0.5, 0.0))],
)
def test_linear_steps_of_half_a_nat(low, high, domain):
    assert round_domain(low, high) == domain


def test_a_multiple_of_the_step_stays_where_it_is_despite_rounding_error():
    assert round_domain(0.1 * 3, 0.1 * 7, 0.1) == pytest.approx((0.3, 0.7))


@pytest.mark.parametrize(
    ("low", "high", "base", "domain"),
    [
        (0.026, 0.237, 10, (0.02, 0.5)),
        (0.02, 0.5, 10, (0.02, 0.5)),
        (0.9, 1.1, 10, (0.5, 2.0)),
        (1.0, 1.0, 10, (1.0, 2.0)),
        (3, 60, 2, (2.0, 64.0)),
        (4, 4, 2, (4.0, 8.0)),
        (0.3, 0.5, 2, (0.25, 0.5)),
    ],
)
def test_logarithmic_steps(low, high, base, domain):
    assert round_log_domain(low, high, base) == domain


def test_a_logarithmic_axis_has_no_zero():
    assert round_log_domain(0, 3) == (2.0, 5.0)  # as of 3 alone
    assert round_log_domain(-1, 0) == (1.0, 2.0)  # as of nothing


@pytest.mark.parametrize(("value", "end"), [(130_000, 200_000), (200_000, 200_000), (501, 1000), (0.03, 0.05)])
def test_round_end(value, end):
    assert round_end(value) == end


def test_a_domain_moves_only_in_steps_and_never_back():
    losses = [4.1, 3.9, 3.4, 3.6, 2.9, 4.3, 2.6]
    domain, seen = None, []
    for loss in losses:
        domain = grow(domain, round_domain(loss, loss))
        seen.append(domain)
    assert seen == [(4.0, 4.5), (3.5, 4.5), (3.0, 4.5), (3.0, 4.5), (2.5, 4.5), (2.5, 4.5), (2.5, 4.5)]


def test_frame_corners():
    frame = frame_corners((1, 32), (0.02, 0.5), x_column="batch_size", y_column="sigma")
    assert frame.to_dict("list") == {"batch_size": [1, 32], "sigma": [0.02, 0.5]}
