"""The gradient noise scale."""

from core import charts
from core.experiments.noise.messages import NoiseScale
from core.experiments.noise.results import NoiseResults
from core.ui.charts import LIVE_ALT, draw, spec_of, theme


def draw_scale(results: NoiseResults, live: bool) -> str:
    resolved, unresolved = results.scale_tables()
    known = [*resolved["low"], *resolved["high"]]
    y = charts.round_log_domain(min(known) / 1.1, max(known) * 1.1) if known else (1.0, 100.0)
    sentence = charts.describe_noise_scale(resolved, unresolved)
    draw(
        spec_of(charts.noise_scale_chart, theme()),
        "noise_scale",
        f"Noise scale over training: {LIVE_ALT}" if live else sentence,
        scale=resolved,
        unresolved=unresolved.assign(value=y[0] * 1.3),
        frame=charts.frame_corners((0.0, float(max(*results.spec.steps, 1))), y, x_column="step", y_column="value"),
    )
    return sentence


def scale_sentence(message: NoiseScale | None, block_size: int) -> str:
    if message is None:
        return charts.NOT_MEASURED
    number = charts.format_significant
    if not message.resolved:
        return "not resolved. The interval of |G|² holds 0: the noise hides the gradient's length."
    scale, low, high = (message.simple_noise_scale, message.low, message.high)
    return (
        f"**{number(scale)} windows** ({number(low)} to {number(high)}), which is "
        f"{charts.format_count(scale * block_size)} tokens."
    )
