"""The picture of an attention mask, and what is said of it."""

import pytest

from core.charts import attention_chart, describe_attention, to_spec
from core.charts.spec import dataset_names


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_waits_for_its_tables(theme):
    assert dataset_names(to_spec(attention_chart(theme))) == ["frame", "looks", "edges", "names"]


def test_pairs_of_slots_by_hand():
    # documents of 4 and 2: 10 + 3 pairs within, 21 in a row of 6
    assert "13 of 21 pairs" in describe_attention([4, 2], masked=True)
    assert "21 pairs of slots, 8 across" in describe_attention([4, 2], masked=False)
