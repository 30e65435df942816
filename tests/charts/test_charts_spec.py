"""The live rule: while data arrives nothing but the datasets changes."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from core.charts import (
    batch_size_color,
    coverage_chart,
    enlarged,
    frame_corners,
    gap_chart,
    loss_chart,
    memory_chart,
    noise_chart,
    overlay_chart,
    panel_chart,
    rate_chart,
    strips_chart,
    throughput_chart,
    to_spec,
    with_data,
)
from core.charts.spec import compact, dataset_names

BATCH_SIZES = [1, 4, 16, 64]
CHARTS = {
    "loss": (lambda theme: loss_chart(BATCH_SIZES, theme), {"frame", "rules", "mean", "lines", "ends"}),
    "panel": (lambda theme: panel_chart("#123456", theme, pick=True), {"columns", "ghosts", "frame"}),
    "overlay": (lambda theme: overlay_chart(BATCH_SIZES, theme), {"columns", "ends", "frame"}),
    "noise": (lambda theme: noise_chart(BATCH_SIZES, theme), {"frame", "theory", "noise"}),
    "throughput": (lambda theme: throughput_chart(BATCH_SIZES, theme), {"frame", "speed"}),
    "coverage": (coverage_chart, {"bins"}),
    "gap": (lambda theme: gap_chart(BATCH_SIZES, theme), {"frame", "gaps", "equal", "ends"}),
    "memory": (lambda theme: memory_chart(BATCH_SIZES, theme), {"memory", "total"}),
    "passing": (lambda theme: memory_chart(BATCH_SIZES, theme, x_title="T", passing=True), {"memory", "total"}),
}


def marks(spec: dict) -> dict:
    """What the points of a chart are made of, the frame's left out."""
    return {
        name: value
        for each in spec["layer"]
        for name, value in each["mark"].items()
        if each["mark"]["type"] == "circle"
    }


def test_a_projector_s_chart_has_larger_letters_and_points_and_cuts_no_name_of_its_legend():
    spec = to_spec(noise_chart(BATCH_SIZES, "light"))
    before, large = copy.deepcopy(spec), enlarged(spec)
    assert large["config"]["axis"]["labelFontSize"] == 22 and large["config"]["legend"]["labelLimit"] == 0
    assert marks(large)["size"] > 2 * marks(spec)["size"] > 0 and large["height"] > spec["height"]
    assert large["config"]["legend"]["symbolSize"] > spec["config"]["legend"]["symbolSize"]
    assert spec == before  # which other visitors have


def lines(num_rows):
    return pd.DataFrame(
        {
            "x": np.arange(1, num_rows + 1) * 32.0,
            "loss": np.linspace(4.0, 2.0, num_rows),
            "batch_size": np.resize(BATCH_SIZES, num_rows),
            "seed": 0,
        }
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_the_same_each_time_and_holds_no_data(name, theme):
    build, datasets = CHARTS[name]
    spec = to_spec(build(theme))
    assert spec == to_spec(build(theme))
    assert set(dataset_names(spec)) == datasets
    assert "datasets" not in spec and '"values": [{' not in json.dumps(spec)


def test_new_data_change_only_the_datasets():
    spec = to_spec(loss_chart(BATCH_SIZES, "light"))
    before = copy.deepcopy(spec)
    early = with_data(spec, lines=lines(3), frame=frame_corners((0, 1000), (1.5, 4.5)))
    late = with_data(spec, frame=frame_corners((0, 50_000), (1.0, 4.5)), lines=lines(1500))
    assert len(early["datasets"]["lines"]) != len(late["datasets"]["lines"])
    assert list(early.pop("datasets")) == list(late.pop("datasets"))
    assert early == late == spec == before


def test_a_wrong_name_is_told():
    with pytest.raises(ValueError, match="not line"):
        with_data(to_spec(loss_chart(BATCH_SIZES, "light")), line=lines(3))


def test_a_spec_is_small():
    for build, _ in CHARTS.values():
        assert len(json.dumps(to_spec(build("light")))) < 5000


def test_ten_bytes_a_point():
    table = compact(lines(1500).sample(frac=1, random_state=0))
    assert {field.name: str(field.type) for field in table.schema} == {
        "x": "float",
        "loss": "float",
        "batch_size": "int8",
        "seed": "int8",
    }
    assert (table.num_rows, table.nbytes) == (1500, 1500 * 10)


def test_integers_keep_their_values():
    table = compact(pd.DataFrame({"batch_size": [1, 4096], "start": [0, 10_000_000]}))
    assert table.to_pydict() == {"batch_size": [1, 4096], "start": [0, 10_000_000]}


def test_text_bool_and_missing_values_pass():
    table = compact(pd.DataFrame({"label": ["a", ""], "below": [True, False], "low": [1.5, None]})).to_pydict()
    assert table == {"label": ["a", ""], "below": [True, False], "low": [1.5, None]}


@pytest.mark.parametrize("order", [BATCH_SIZES, BATCH_SIZES[::-1]])
def test_a_batch_size_keeps_its_color_and_the_legend_ascends(order):
    spec = to_spec(loss_chart(order, "dark"))
    scales = [c["scale"] for layer in spec["layer"] if "scale" in (c := layer["encoding"].get("color", {}))]
    assert scales == [{"domain": BATCH_SIZES, "range": [batch_size_color(b, "dark") for b in BATCH_SIZES]}]


def test_type_can_be_read_from_the_back_of_the_room():
    for build, _ in CHARTS.values():
        config = to_spec(build("light"))["config"]
        sizes = [size for part in config.values() for name, size in part.items() if name.endswith("ontSize")]
        assert len(sizes) == 5 and min(sizes) >= 13


COLORED = {
    "loss": loss_chart(BATCH_SIZES, "light"),
    "noise": noise_chart(BATCH_SIZES, "light"),
    "throughput": throughput_chart(BATCH_SIZES, "light"),
    "gap": gap_chart(BATCH_SIZES, "light"),
    "strips": strips_chart(BATCH_SIZES, "light", y_title="nats"),
    "rates": rate_chart(BATCH_SIZES, [1e-3], "light", y_title="nats"),
}


@pytest.mark.parametrize("name", COLORED)
def test_a_batch_size_is_never_told_by_its_hue_alone(name):
    """8 and 16 are near in hue: an axis says which is which, or a name at the end of the line."""
    spec = to_spec(COLORED[name])
    encodings = [layer["encoding"] for layer in spec["layer"]]
    assert any(encoding.get("color", {}).get("field") == "batch_size" for encoding in encodings)
    on_axis = any(encoding.get(side, {}).get("field") == "batch_size" for encoding in encodings for side in "xy")
    assert on_axis or "ends" in dataset_names(spec)
