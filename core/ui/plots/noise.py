"""The gradient noise scale."""

from core import charts
from core.experiments.noise.results import NoiseResults
from core.ui.charts import LIVE_ALT, draw, spec_of, theme


def draw_scale(results: NoiseResults, live: bool) -> None:
    """The noise scale along a training run."""
    resolved, unresolved = results.scale_tables()
    bounds = [*resolved["low"], *resolved["high"]]
    y = charts.round_log_domain(min(bounds) / 1.3, max(bounds) * 1.1) if bounds else (1.0, 100.0)
    sentence = charts.describe_noise_scale(resolved, unresolved)
    draw(
        spec_of(charts.noise_scale_chart, theme()),
        "noise_scale",
        f"Noise scale over training: {LIVE_ALT}" if live else sentence,
        scale=resolved,
        unresolved=unresolved.assign(value=y[0] * 1.3),
        frame=charts.frame_corners((0.0, float(max(*results.spec.steps, 1))), y, x_column="step", y_column="value"),
    )
