"""Charts of batches and training, each built once for a theme and a list of batch sizes, with its data named.

A page makes a spec once, `spec = to_spec(loss_chart([4, 16], "light"))`, and sends data with it as often as
it likes, `with_data(spec, lines=..., mean=...)`. The columns of a dataset stand in the docstring of its chart.
Knows nothing of training, stores and pages.

Streamlit redraws a chart from nothing when its description changes, as when its spec does: while data arrives, give
a constant one, and write the sentence of a `describe_` function where it can be read.
"""

from core.charts.answers import answer_dots, answers_chart, options_chart, powers_of_two
from core.charts.attention import OTHERS, OWN, attention_chart, describe_attention
from core.charts.coverage import coverage_chart
from core.charts.describe import (
    describe_coverage,
    describe_example_gradients,
    describe_gaps,
    describe_histogram,
    describe_layers,
    describe_loss,
    describe_memory,
    describe_noise,
    describe_noise_scale,
    describe_orders,
    describe_rank_times,
    describe_rates,
    describe_reads,
    describe_strips,
    describe_sum,
    describe_throughput,
)
from core.charts.domains import Domain, frame_corners, grow, round_domain, round_end, round_log_domain, round_step
from core.charts.gap import gap_chart
from core.charts.gradients import example_gradients_chart
from core.charts.histogram import histogram_bins, histogram_chart
from core.charts.layers import layer_chart, layer_dots
from core.charts.loss import end_labels, loss_chart
from core.charts.memory import MEMORY_PARTS, PASSING, memory_chart
from core.charts.narrowing import narrowing_chart, root_n
from core.charts.noise import noise_chart
from core.charts.numbers import (
    NOT_MEASURED,
    counted,
    format_bytes,
    format_count,
    format_loss,
    format_nats,
    format_seconds,
    format_significant,
    format_time_left,
    format_tiny,
    format_two,
    format_wait,
)
from core.charts.orders import order_loss_chart, order_reads_chart
from core.charts.palette import PALETTES, Palette, Theme, batch_size_color
from core.charts.panels import PICKED, overlay_chart, panel_chart
from core.charts.ranks import STAGES_OF_TIME, pipeline_chart, rank_times_chart
from core.charts.rates import rate_chart
from core.charts.spec import Table, to_spec, with_data
from core.charts.spread import noise_scale_chart, strips_chart
from core.charts.style import enlarged
from core.charts.sums import sum_chart
from core.charts.throughput import throughput_chart

__all__ = [
    "MEMORY_PARTS",
    "NOT_MEASURED",
    "OTHERS",
    "OWN",
    "PALETTES",
    "PASSING",
    "PICKED",
    "STAGES_OF_TIME",
    "Domain",
    "Palette",
    "Table",
    "Theme",
    "answer_dots",
    "answers_chart",
    "attention_chart",
    "batch_size_color",
    "counted",
    "coverage_chart",
    "describe_attention",
    "describe_coverage",
    "describe_example_gradients",
    "describe_gaps",
    "describe_histogram",
    "describe_layers",
    "describe_loss",
    "describe_memory",
    "describe_noise",
    "describe_noise_scale",
    "describe_orders",
    "describe_rank_times",
    "describe_rates",
    "describe_reads",
    "describe_strips",
    "describe_sum",
    "describe_throughput",
    "end_labels",
    "enlarged",
    "example_gradients_chart",
    "format_bytes",
    "format_count",
    "format_loss",
    "format_nats",
    "format_seconds",
    "format_significant",
    "format_time_left",
    "format_tiny",
    "format_two",
    "format_wait",
    "frame_corners",
    "gap_chart",
    "grow",
    "histogram_bins",
    "histogram_chart",
    "layer_chart",
    "layer_dots",
    "loss_chart",
    "memory_chart",
    "narrowing_chart",
    "noise_chart",
    "noise_scale_chart",
    "options_chart",
    "order_loss_chart",
    "order_reads_chart",
    "overlay_chart",
    "panel_chart",
    "pipeline_chart",
    "powers_of_two",
    "rank_times_chart",
    "rate_chart",
    "root_n",
    "round_domain",
    "round_end",
    "round_log_domain",
    "round_step",
    "strips_chart",
    "sum_chart",
    "throughput_chart",
    "to_spec",
    "with_data",
]
