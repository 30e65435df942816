"""Contrast by WCAG 2.2, colour-blindness by Machado et al. 2009 (severity 1), distance in CIE Lab (1976)."""

import itertools

import numpy as np
import pytest

from core.charts.palette import PALETTES, batch_size_color

THEMES = ("light", "dark")
FINE_BATCH_SIZES = sorted({round(2 ** (k / 8)) for k in range(12 * 8 + 1)})
SIMULATION = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def linear(color):
    channels = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(color, sight="none"):
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    seen = np.clip(SIMULATION[sight] @ linear(color), 0, 1)
    ratios = to_xyz @ seen / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_measures_themselves():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert lab("#FFFFFF") == pytest.approx([100, 0, 0], abs=0.05)
    red_green = ("#FF0000", "#808000")
    distances = {sight: np.linalg.norm(lab(red_green[0], sight) - lab(red_green[1], sight)) for sight in SIMULATION}
    assert distances["deuteranopia"] < distances["none"] / 2


@pytest.mark.parametrize("theme", THEMES)
def test_every_batch_size_stands_out_from_the_background(theme):
    background = PALETTES[theme].background
    assert min(contrast(batch_size_color(b, theme), background) for b in FINE_BATCH_SIZES) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_larger_is_further_from_the_background(theme):
    background = PALETTES[theme].background
    steps = [contrast(batch_size_color(2**k, theme), background) for k in range(13)]
    assert all(a < b for a, b in itertools.pairwise(steps))


@pytest.mark.parametrize("sight", SIMULATION)
@pytest.mark.parametrize("theme", THEMES)
def test_a_factor_of_four_is_told_apart(theme, sight):
    for k in range(11):
        small, large = (lab(batch_size_color(2**p, theme), sight) for p in (k, k + 2))
        assert np.linalg.norm(small - large) >= 10, 2**k


@pytest.mark.parametrize("theme", THEMES)
def test_warm_where_small_and_cool_where_large(theme):
    small, large = linear(batch_size_color(1, theme)), linear(batch_size_color(4096, theme))
    assert small[0] > 1.5 * small[2]
    assert large[2] > 1.5 * large[0]


@pytest.mark.parametrize("theme", THEMES)
def test_text_colors_can_be_read(theme):
    palette = PALETTES[theme]
    for color in (palette.text, palette.theory, palette.x, palette.y):
        assert contrast(color, palette.background) >= 4.5


@pytest.mark.parametrize("sight", SIMULATION)
@pytest.mark.parametrize("theme", THEMES)
def test_the_whole_stands_out_from_its_parts(theme, sight):
    palette = PALETTES[theme]
    assert contrast(palette.part, palette.background) >= 3 and contrast(palette.whole, palette.part) >= 2
    assert np.linalg.norm(lab(palette.whole, sight) - lab(palette.part, sight)) >= 30


def test_ends_of_the_ramp():
    assert batch_size_color(1, "light") == PALETTES["light"].ramp[0]
    assert batch_size_color(4096, "dark") == batch_size_color(10_000, "dark") == PALETTES["dark"].ramp[-1]
    with pytest.raises(ValueError, match="at least 1"):
        batch_size_color(0, "light")
