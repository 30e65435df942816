"""What several lessons say."""

from dataclasses import replace

import pytest

from core.experiments.noise.messages import NoiseScale
from core.experiments.race.spec import RaceSpec
from core.training import TrainConfig
from core.ui.sentences import model_size, plain, scale_sentence, source_title

SCALE = NoiseScale(
    step=600,
    grad_sq_norm=0.02,
    trace_cov=0.5,
    simple_noise_scale=25.0,
    low=20.0,
    high=31.25,
    resolved=True,
    whole_grad_sq_norm=0.02,
)


def test_a_noise_scale_is_given_in_windows_and_in_tokens():
    assert scale_sentence(SCALE, block_size=32) == "**25.0 windows** (20.0 to 31.2), which is 800 tokens."
    assert scale_sentence(None, 32) == "not measured"


def test_a_noise_scale_that_is_not_resolved_has_no_number():
    unresolved = replace(SCALE, simple_noise_scale=None, low=None, high=None, resolved=False)
    assert scale_sentence(unresolved, 32).startswith("not resolved: the interval of |G|² contains 0")


def test_a_model_is_given_by_its_layers_heads_and_channels():
    race = RaceSpec(text="", block_size=8, n_layer=1, n_head=4, n_embd=64, train=TrainConfig(batch_sizes=(4,)))
    assert model_size(race) == "1 layer, 4 heads, 64 channels"


def test_a_text_of_the_visitors_own_has_no_title():
    assert source_title("pasted") == "Your own text" and source_title("kitchen") == "The soup that went to court"


@pytest.mark.parametrize(
    "made_of",
    ["http://x.example", "HTTPS://x", "www.x.example", "a@x.example", ":material/home:", ":streamlit:", "->", "<="],
)
def test_what_a_browser_makes_of_text_is_broken_where_nobody_sees_it(made_of):
    """The escapes are gone by the time that it looks for links, icons and arrows."""
    shown = plain(f"see {made_of} there").replace("\\", "")
    assert made_of not in shown and shown.replace("\u2060", "") == f"see {made_of} there"


def test_other_text_is_only_escaped():
    assert plain("B = 4: 1.5 (a-b)") == "B \\= 4\\: 1\\.5 \\(a\\-b\\)"
