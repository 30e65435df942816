"""How a chart is put on a page."""

import streamlit as st

from core.charts import coverage_chart, to_spec
from core.ui.charts import draw


def test_a_chart_s_place_is_as_high_as_the_chart_before_that_is_there(monkeypatch):
    """Or what stands below jumps when the browser has the code that draws it."""
    drawn = {}
    monkeypatch.setattr(st, "vega_lite_chart", lambda data, spec, **options: drawn.update(spec=spec, **options))
    draw(to_spec(coverage_chart("light")), "coverage", "what is read")
    assert drawn["height"] == drawn["spec"]["height"] > 50
